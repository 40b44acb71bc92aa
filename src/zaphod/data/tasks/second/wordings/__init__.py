"""The phrases of the second edition's training data, by task: frames of `grammar` and the rules that they name.

Nothing here makes a sentence: that is done by the module of the task, one folder up.
"""
