"""What an annotator is: it reads a post and names what the post connotes."""

from __future__ import annotations

import abc
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from data_prep.draft import Draft

if TYPE_CHECKING:
    from data_prep.config import Connotations


class Annotator(abc.ABC):
    """Gives each post its connotations, which take the place of the labels that the source gave (CMEM, section 4.1.3).

    A build makes one, calls `prepare`, reads the source, calls `learn` if `reads_posts`, and then makes one more in each
    worker, which calls `labels`. So what `labels` needs beyond the configuration goes into files in `folder`, where
    `prepare` and `learn` leave it; on a cluster all workers see that folder.

    Write your own, e.g. around an entity-linking service, by giving `labels` a body, and name it in the configuration:
    `--set connotations.method=my_package.my_module:Service`.

    Class attributes:
        reads_posts: Whether `learn` wants to see the posts first.
        hides_hashtags: Whether the labels are hashtags, to be taken out of tags and text so that these don't give the
            answer away.

    Args:
        config: The section `connotations` of the build configuration.
        folder: A folder for the annotator's own files; it need not be there yet.

    Raises:
        UserError: For a file that is missing or of the wrong kind.

    Example:

    >>> class Shouted(Annotator):
    ...     def labels(self, draft):
    ...         return tuple(word for word in (draft.post.text or "").split() if word.isupper())
    >>> from data_prep.config import Connotations
    >>> from kerasmm.data.post import Post
    >>> shouted = Shouted(Connotations(method="my_package:Shouted"), Path("annotator"))
    >>> shouted.labels(Draft(Post(id="1", text="get BREXIT done")))
    ('BREXIT',)
    """

    reads_posts: ClassVar[bool] = False
    hides_hashtags: ClassVar[bool] = False

    def __init__(self, config: Connotations, folder: Path) -> None:
        self.config, self.folder = config, folder

    def prepare(self) -> None:  # noqa: B027 - nothing to prepare is the usual case
        """Builds what the workers read, before the source is read, so that a faulty file stops the build at once."""

    def learn(self, drafts: Iterable[Draft]) -> dict[str, float]:
        """Sees all posts as a stream, as the source gave them; returns figures for the manifest's statistics."""
        return {}

    @abc.abstractmethod
    def labels(self, draft: Draft) -> tuple[str, ...]:
        """The labels of one post.

        Args:
            draft: The post, its texts as the publisher wrote them, upper case and all.

        Returns:
            The labels in order; the build gives them one spelling (`kerasmm.data.spelling.normalise`) and keeps each once.
        """
