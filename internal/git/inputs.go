package git

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// TreeWithout is Tree, leaving out the named entries of the folder: folders with
// equal ids have equal contents but for those.
func (r *Remote) TreeWithout(ctx context.Context, project, revision, folder string, names ...string) (string, error) {
	id, err := r.Tree(ctx, project, revision, folder)
	if err != nil || len(names) == 0 {
		return id, err
	}
	repository, err := r.repository(project)
	if err != nil {
		return "", err
	}
	out, err := r.output(ctx, repository, nil, "ls-tree", "-z", id)
	if err != nil {
		return "", fmt.Errorf("cannot read folder %q of %s: %w", folder, project, err)
	}
	digest := sha256.New()
	for record := range strings.SplitSeq(string(out), "\x00") {
		if entry, ok := parseEntry(record); ok && slices.Contains(names, entry.path) {
			continue
		}
		_, _ = digest.Write([]byte(record + "\x00"))
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}
