package git

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	aloft "github.com/aloft-dev/aloft"
)

// What the names and links of a tree may be, in bytes.
const (
	maxName       = 255      // of a file or folder: what disks take
	maxPath       = 1000     // from the root of the tree: what every system takes
	maxNames      = 64 << 20 // of all paths together
	maxLinkTarget = 4096
)

// inspect returns the files and submodules of a commit, when its tree breaks no
// rule and no limit. A few objects can stand for a tree without end, so it stops
// at the first thing that is wrong, before anything is read or written.
func (r *Remote) inspect(ctx context.Context, repository, revision string) ([]entry, error) {
	var files []entry
	var count, names int
	var total int64
	err := r.entries(ctx, repository, revision, func(e entry) error {
		if count++; count > r.options.MaxCheckoutFiles {
			return r.options.errCheckoutFiles()
		}
		if err := checkPath(e.path); err != nil {
			return err
		}
		if names += len(e.path); names > maxNames {
			return aloft.Errorf(aloft.CodeInvalid, "the paths of the tree are longer than %d MiB together", maxNames>>20).
				WithHint("shorten the names of folders with many files")
		}
		if e.kind == "tree" {
			return nil
		}
		files = append(files, e)
		return r.count(e, &total)
	})
	return files, err
}

// count adds the size of a file to the total.
func (r *Remote) count(e entry, total *int64) error {
	if e.mode == modeSubmodule {
		return nil
	}
	size, err := strconv.ParseInt(e.size, 10, 64)
	if err != nil {
		return fmt.Errorf("cannot read %q: it is not in the repository", e.path)
	}
	if *total += size; *total > r.options.MaxCheckoutBytes || *total < 0 {
		return r.options.errCheckoutSize()
	}
	return nil
}

// checkPath refuses paths that would reach outside a checkout, be taken for a
// repository, or not fit on a disk.
func checkPath(name string) error {
	if len(name) > maxPath {
		return aloft.Errorf(aloft.CodeInvalid, "the tree has a path of %d bytes, at most %d are allowed: %q", len(name), maxPath, shorten(name)).
			WithHint("shorten the names of its folders, or nest them less")
	}
	for part := range strings.SplitSeq(name, "/") {
		if len(part) > maxName {
			return aloft.Errorf(aloft.CodeInvalid, "the tree has a name of %d bytes, at most %d are allowed: %q", len(part), maxName, shorten(name)).
				WithHint("give the file a shorter name")
		}
		if part == "" || part == "." || part == ".." || isRepository(part) || strings.ContainsRune(part, 0) {
			return aloft.Errorf(aloft.CodeInvalid, "the tree has a file named %q, which is not allowed: "+
				"no part of a path is empty, a dot, two dots, or read as .git by any disk", name).
				WithHint("git rm it, commit, and push again")
		}
	}
	return nil
}

// isRepository reports whether some disk takes a name for .git: case is ignored,
// and so are invisible characters (macOS), dots and spaces at the end, streams
// and short names (Windows).
func isRepository(name string) bool {
	name, _, _ = strings.Cut(name, ":")
	name = strings.Map(func(r rune) rune {
		if r >= 0x200c && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x206a && r <= 0x206f || r == 0xfeff {
			return -1
		}
		return r
	}, name)
	name = strings.ToLower(strings.TrimRight(name, ". "))
	number, short := strings.CutPrefix(name, "git~")
	return name == ".git" || short && number != "" && strings.Trim(number, "0123456789") == ""
}

// shorten cuts a path for a message.
func shorten(name string) string {
	const limit = 100
	if len(name) <= limit {
		return name
	}
	name = name[:limit]
	for !utf8.ValidString(name) && len(name) > limit-utf8.UTFMax {
		name = name[:len(name)-1]
	}
	return name + "…"
}
