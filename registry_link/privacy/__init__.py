"""Privacy of recipients: erasure by two persons, copies for the subject, and whose data was seen by whom."""
