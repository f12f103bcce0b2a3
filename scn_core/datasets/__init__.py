"""Files on disk -> Manifest -> pixels. Nothing here imports torch.

registry          the data sets this project reads, by name
source            where a data set lies and how it is to be read

Readers, each from files to rows:
affectnet  csv_table  expw  fer2013  ferplus  image_folder  raf_db
annotators        tables with a row for each label that somebody gave
demo_faces/       drawn faces, so that everything runs without a photograph of anyone
ferplus_pixels    FER2013's pixels as files
noise             wrong labels put in on purpose, for measuring

What readers share:
rows              what a reader yields: rows of a label list, before their pictures are looked at
tables  cells  json_table   label lists line by line; cells as other programs write them
box_columns       which columns of a table are the box of a face
tree  paths       folders walked without losing a file unseen; paths in one form
split_tables      a folder with a table for each split
other_formats     parquet, Arrow and COCO: not read, but told how they become something that is
class_list        the order of classes, where the data set has a file of it
numbering         classes called by number where names were given
checks            from rows to samples: duplicates out, every picture opened, what is wrong gathered
duplicates        which row was first with a picture, for lists of any length

Pictures elsewhere:
addresses         told from paths, kept without secrets
remote  storage   copies of what is at an address; what fsspec says of it
web_client        follows no redirect out of the root
fetching          rows whose pictures are fetched before they are looked at

Pictures:
images            opening, checking and cutting faces
picture_measures  what makes a picture hard to judge; hashes by which copies are known
pixels            the decode-once cache: every face at one side, memory-mapped
thumbnail_images  faces as WebP for people to look at
parallel          the same for many items on all cores, in order
processes         processes that apply a function to items
shared_lock       a lock that several processes can share
"""
