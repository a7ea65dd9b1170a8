"""Where Skerry may answer otherwise than radosgw, and why."""
from difference import CHOICE, DOCUMENTED, NOT_YET

KNOWN = []
