"""What can be bought: accelerators, prices and electricity, each row with its source and date."""
