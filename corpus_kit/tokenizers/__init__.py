"""Tokenizers: text to identifiers, fast, with no special identifier ever made of what a document says.

`load_tokenizer` reads a SentencePiece `.model`, a Hugging Face `tokenizer.json`, or a folder that holds either. Nothing
is fetched and nothing is unpickled. A tokenizer is loaded once a process.

Encoding is of plain text: nothing is added before or after, nothing is cut off, and where a document happens to say
`<|endoftext|>`, that is spelled out in ordinary tokens.
"""

from corpus_kit.tokenizers.literal import SpecialStrings, neutralize, restore
from corpus_kit.tokenizers.load import load_tokenizer, tokenizer_file
from corpus_kit.tokenizers.tokenizer import Tokenizer

__all__ = ["SpecialStrings", "Tokenizer", "load_tokenizer", "neutralize", "restore", "tokenizer_file"]
