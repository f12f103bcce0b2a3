"""A round's network used on pictures that are in no data set, here and in other programs.

pictures      which pictures: a folder, a list, single files
remote_pictures  those at an address, fetched as they are needed
predict       what the network says of each, picture by picture in bounded memory        (torch)
predictions   its answers as a CSV file
export_model  the network as one ONNX or .pt2 file that says how pictures are prepared     (torch)
"""
