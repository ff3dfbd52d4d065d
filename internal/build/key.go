package build

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/aloft-dev/aloft"
)

// format changes when the same inputs are to yield another artifact than before.
const format = 1

// key digests everything that goes into an artifact. The source goes in as
// git's id of it, a toolchain as the program that was found; moved is the path of
// the artifacts if they were moved there.
func key(r Request, tools []tool, moved string) (string, error) {
	inputs := struct {
		Format                                          int
		Inputs, Path, Runtime, Version, Package, Static string
		Build                                           [][]string
		Tools                                           []tool
		Moved                                           string `json:",omitempty"`
	}{
		format, r.Inputs, r.App.Path, r.App.Runtime.Value, r.App.Version.Value, r.App.Package.Value, r.App.Static.Value,
		arguments(r.App.Build), tools, moved,
	}
	text, err := json.Marshal(inputs)
	if err != nil {
		return "", fmt.Errorf("cannot digest the inputs of a build: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16]), nil // short, for paths and #! lines have limits
}

func arguments(commands []aloft.Command) [][]string {
	list := make([][]string, len(commands))
	for i, command := range commands {
		list[i] = command.Args
	}
	return list
}
