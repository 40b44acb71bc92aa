"""How problems are put to a model and its answers judged; one file for each kind of problem."""
