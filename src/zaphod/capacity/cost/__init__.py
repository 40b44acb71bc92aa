"""What running a deployment takes: power, energy, carbon, water and money."""
