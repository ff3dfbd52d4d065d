package aloft

import (
	"crypto/sha1" // git's own name of a blob
	"encoding/hex"
	"fmt"
)

// BlobID is git's id of a file with that content: by it the text is found in
// a repository's history.
func BlobID(text string) string {
	sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(text), text))
	return hex.EncodeToString(sum[:])
}
