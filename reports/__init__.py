"""Papers and tables: a frozen view goes in, bytes come out. No session, no clock; the only home of reportlab."""
