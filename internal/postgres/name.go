package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/aloft-dev/aloft"
)

// maxIdentifier is the longest name in PostgreSQL, in bytes.
const maxIdentifier = 63

// Identifier returns the name that a database of an environment and its role
// have on the server: readable, and no other database's, for it ends in a
// digest of the unambiguous project/environment/name.
func Identifier(key aloft.EnvironmentKey, name string) string {
	sum := sha256.Sum256([]byte(key.String() + "/" + name))
	tail := "_" + hex.EncodeToString(sum[:3])
	readable := strings.ReplaceAll(key.Project+"_"+key.Environment+"_"+name, "-", "_")
	return readable[:min(len(readable), maxIdentifier-len(tail))] + tail
}

// The comment of a role tells whose it is, also when there is no record of it.
func label(key aloft.EnvironmentKey, name string) string { return labelPrefix(key) + name }

func labelPrefix(key aloft.EnvironmentKey) string { return "aloft:" + key.String() + "/" }
