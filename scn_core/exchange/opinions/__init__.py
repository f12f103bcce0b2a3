"""Opinions of other models in: probabilities of classes and features, from files or from a classifier run here.

read        CSV and NPZ files as rows of faces, and what could not be used of them
classes     which column of theirs is which class of ours
sizes       how large arrays say they are, before they are read
classifier  a classifier in an ONNX file: how its pictures are made, and what it says of them
add         into the workspace, all or nothing of a file; of a classifier as it goes on
"""
