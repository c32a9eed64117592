"""Conversations: how they travel as texts, the shapes they are published in, and the templates they are trained in."""

from corpus_kit.chat.turns import ROLES, Role, Turn, read_turns, write_turns

__all__ = ["ROLES", "Role", "Turn", "read_turns", "write_turns"]
