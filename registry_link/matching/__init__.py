"""Which households an affected area holds, how sure that is, and why. The only home of shapely."""
