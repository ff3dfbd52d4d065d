package git

import (
	"net/http"
	"strings"
)

// Serves reports whether a request is for the embedded remote: for a repository,
// or from its hook.
func Serves(r *http.Request) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return strings.HasSuffix(first, suffix) || r.URL.Path == HookPath ||
		strings.HasSuffix(r.URL.Path, "/info/refs") // of a wrong address, which it explains
}
