"""What of two answers is compared (../../lib/difference.py)."""
from difference import Rules

RULES = Rules(
    code=lambda answer: answer.error_code,
    # Connections, the program's name, and what the program's HTTP library adds. An error's code is compared with its status.
    ignored_headers={"server", "date", "connection", "keep-alive", "transfer-encoding", "x-powered-by"},
    volatile_headers={"etag", "last-modified", "x-ms-request-id", "x-ms-creation-time", "x-ms-copy-id", "x-ms-copy-completion-time", "x-ms-snapshot", "x-ms-access-tier-change-time",
                      "access-control-max-age", "x-ms-error-code"},
    volatile_elements={"Etag", "Last-Modified", "Creation-Time", "CopyId", "CopyCompletionTime", "AccessTierChangeTime", "LastSyncTime", "Marker", "Message",
                       "AuthenticationErrorDetail"},
    volatile_when_set={"NextMarker"},
)
