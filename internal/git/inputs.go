package git

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
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
	digest := sha256.New()
	err = r.read(ctx, nil, func(out *bufio.Reader) error {
		for {
			record, err := out.ReadString(0)
			if err != nil && err != io.EOF {
				return err
			}
			if entry, ok := parseEntry(strings.TrimSuffix(record, "\x00")); !ok || !slices.Contains(names, entry.path) {
				_, _ = digest.Write([]byte(record))
			}
			if err == io.EOF {
				return nil
			}
		}
	}, "--git-dir="+repository, "ls-tree", "-z", id)
	if err != nil {
		return "", fmt.Errorf("cannot read folder %q of %s: %w", folder, project, err)
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}
