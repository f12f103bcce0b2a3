"""Faces that are in the data set more than once.

near_pairs   which perceptual hashes are nearly the same, in less than quadratic time
find         groups of copies: with different labels, across splits, and what leaks do to accuracy
"""
