"""Flickr8k: photos with five clean sentences each, and the publisher's split lists."""

from __future__ import annotations

from typing import ClassVar

from data_prep.sources.photo_sentences import PhotoSentences
from data_prep.sources.sentence_files import from_csv, from_tokens

_LISTS = {
    "train": "Flickr_8k.trainImages.txt",
    "validation": "Flickr_8k.devImages.txt",
    "test": "Flickr_8k.testImages.txt",
}


class Flickr8k(PhotoSentences):
    """One post a photo; its id is the file name without the ending.

    The split is the publisher's. A copy without the test list has its dev photos as `test`, and validation is left to
    be carved out of training. A copy without any list takes the split of `dataset_flickr8k.json` (Karpathy and Fei-Fei
    2015), whose sentences serve where there is no other file of them, and without that has no split of its own: choose
    one with `--split`.
    """

    name: ClassVar[str] = "flickr8k"
    summary: ClassVar[str] = "Flickr8k: 8,000 photos with five sentences each (Hodosh et al. 2013)"
    layout: ClassVar[str] = (
        "Images/NAME.jpg or Flicker8k_Dataset/NAME.jpg, Flickr8k.token.txt (or captions.txt with the columns "
        "image,caption), Flickr_8k.{train,dev,test}Images.txt (or dataset_flickr8k.json)"
    )
    photo_folders = ("Images", "Flicker8k_Dataset")
    sentence_files = {"Flickr8k.token.txt": from_tokens, "captions.txt": from_csv}
    split_file = "dataset_flickr8k.json"

    def open(self) -> None:
        super().open()
        self.lists = {
            split: self.own(self.folder / name) for split, name in _LISTS.items() if (self.folder / name).is_file()
        }
        if "test" not in self.lists and "validation" in self.lists:
            self.lists["test"] = self.lists.pop("validation")
