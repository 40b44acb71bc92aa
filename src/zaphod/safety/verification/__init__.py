"""What a plan will do, proved to keep a contract before anything moves: contracts, deciders, certificates."""
