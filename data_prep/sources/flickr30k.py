"""Flickr30k: photos with five clean sentences each, and Karpathy's split."""

from __future__ import annotations

from typing import ClassVar

from data_prep.sources.photo_sentences import PhotoSentences
from data_prep.sources.sentence_files import from_csv, from_piped, from_tokens


class Flickr30k(PhotoSentences):
    """One post a photo; its id is the file name without the ending.

    The publisher gives no split: it is that of `dataset_flickr30k.json` (Karpathy and Fei-Fei 2015; 1,000 photos for
    validation, 1,000 for test). Without that file choose one with `--split`. Sentences are the publisher's, or those of
    the copy on Kaggle, or else those of the split file. Photos that the split leaves out are dropped.
    """

    name: ClassVar[str] = "flickr30k"
    summary: ClassVar[str] = "Flickr30k: 31,783 photos with five sentences each (Young et al. 2014)"
    layout: ClassVar[str] = (
        "flickr30k-images/NAME.jpg (or flickr30k_images/, Images/), results_20130124.token with lines "
        "NAME.jpg#k<TAB>sentence (or results.csv with the columns image_name| comment_number| comment), "
        "dataset_flickr30k.json for --split published"
    )
    photo_folders = (
        "flickr30k-images",
        "flickr30k_images",
        "Images",
        "images",
        "flickr30k_images/flickr30k_images",
        "flickr30k-images/flickr30k-images",
    )
    sentence_files = {"results_20130124.token": from_tokens, "results.csv": from_piped, "captions.txt": from_csv}
    split_file = "dataset_flickr30k.json"
