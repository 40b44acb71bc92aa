"""A robot that only does what has been proved: a world, a planner, skills, and a monitor that watches."""
