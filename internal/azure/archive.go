package azure

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aloft-dev/aloft"
)

// largestArchive is what the deployment service takes, in bytes (not proven for
// all tiers).
const largestArchive = 2 << 30

// zipEpoch is the time of all files in an archive, so that of equal artifacts
// nothing but the mark differs. Zip cannot tell a time before 1980.
var zipEpoch = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// archive is a zip of the artifact as the cargo of a site.
type archive struct{ Request }

func (a archive) mark() mark {
	return mark{Artifact: a.Artifact.ID, Revision: strings.ToLower(a.Revision), RunID: a.RunID}
}

// pack writes the artifact of a request as a zip into a temporary file: without
// a folder around it, names in order, links replaced by what they lead to, since
// zip has none that survive. The mark is in it, as .aloft/revision.
func (a archive) pack() (file *os.File, err error) {
	file, err = os.CreateTemp("", "aloft-*.zip")
	if err != nil {
		return nil, fmt.Errorf("cannot pack %s: %w", a.App.Name, err)
	}
	p := packer{root: a.Artifact.Dir, w: zip.NewWriter(file)}
	err = errors.Join(p.folder("", nil), p.again(a.jar(), "app.jar"), p.text(".aloft/revision", a.mark().String()+"\n"), p.w.Close())
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		discard(file)
		return nil, err
	}
	return file, nil
}

func discard(file *os.File) {
	_ = file.Close()
	_ = os.Remove(file.Name())
}

// jar is the jar that the app starts, "" = none. App Service starts by itself
// what is called app.jar.
func (a archive) jar() string {
	if a.App.Runtime.Value != "java" {
		return ""
	}
	for _, word := range strings.Fields(a.App.Start.String()) {
		if strings.HasSuffix(word, ".jar") && filepath.IsLocal(word) && word != "app.jar" {
			return word
		}
	}
	return ""
}

// packer puts a folder into a zip.
type packer struct {
	root string
	w    *zip.Writer
	size int64
}

// folder packs what is in a folder; above are the folders around it, as they
// really are, so that links that lead in circles are found.
func (p *packer) folder(name string, above []string) error {
	whole := filepath.Join(p.root, filepath.FromSlash(name))
	real, err := filepath.EvalSymlinks(whole)
	if err != nil {
		return fmt.Errorf("cannot pack the artifact: %w", err)
	}
	if slices.Contains(above, real) {
		return aloft.Errorf(aloft.CodeInvalid, "cannot pack %s: the link leads in a circle", name)
	}
	entries, err := os.ReadDir(whole)
	if err != nil {
		return fmt.Errorf("cannot pack the artifact: %w", err)
	}
	above = append(slices.Clip(above), real)
	slices.SortFunc(entries, func(x, y fs.DirEntry) int { return strings.Compare(x.Name(), y.Name()) })
	for _, entry := range entries {
		if err := p.entry(path.Join(name, entry.Name()), above); err != nil {
			return err
		}
	}
	return nil
}

func (p *packer) entry(name string, above []string) error {
	switch name {
	case ".aloft/revision":
		return nil // ours comes in its place
	case "node_modules/.pnpm":
		return aloft.Errorf(aloft.CodeInvalid, "cannot pack %s: packages that pnpm has linked do not find each other in an archive", name).
			WithHint("write node-linker=hoisted into .npmrc, or deploy it as an image")
	}
	whole := filepath.Join(p.root, filepath.FromSlash(name))
	if err := p.inside(name, whole); err != nil {
		return err
	}
	info, err := os.Stat(whole)
	switch {
	case err != nil:
		return aloft.Errorf(aloft.CodeInvalid, "cannot pack %s: the link leads nowhere", name)
	case info.IsDir():
		return p.folder(name, above)
	case !info.Mode().IsRegular():
		return nil // a socket or a pipe is no part of an artifact
	}
	return p.file(whole, name, info)
}

// inside refuses links that lead out of the artifact.
func (p *packer) inside(name, whole string) error {
	root, err := filepath.EvalSymlinks(p.root)
	if err != nil {
		return fmt.Errorf("cannot pack the artifact: %w", err)
	}
	real, err := filepath.EvalSymlinks(whole)
	if err != nil {
		return nil // Stat tells
	}
	if inner, err := filepath.Rel(root, real); err != nil || !filepath.IsLocal(inner) {
		return aloft.Errorf(aloft.CodeInvalid, "cannot pack %s: the link leads out of the artifact", name).
			WithHint("let the build copy what it needs, such as `pnpm deploy` or `npm install --install-links`")
	}
	return nil
}

// again puts a file of the artifact into the archive under another name too.
func (p *packer) again(name, as string) error {
	if name == "" {
		return nil
	}
	whole := filepath.Join(p.root, filepath.FromSlash(name))
	info, err := os.Stat(whole)
	if err != nil || !info.Mode().IsRegular() {
		return nil // then it is started otherwise
	}
	if _, err := os.Stat(filepath.Join(p.root, as)); err == nil {
		return nil
	}
	return p.file(whole, as, info)
}

func (p *packer) file(whole, name string, info fs.FileInfo) error {
	if p.size += info.Size(); p.size > largestArchive {
		return aloft.Errorf(aloft.CodeInvalid, "cannot pack the artifact: it is larger than 2 GB, which is what App Service takes").
			WithHint("leave out what it does not need to run, or deploy it as an image")
	}
	w, err := p.w.CreateHeader(header(name, info.Mode().Perm()))
	if err != nil {
		return err
	}
	file, err := os.Open(whole)
	if err != nil {
		return fmt.Errorf("cannot pack %s: %w", name, err)
	}
	defer file.Close()
	_, err = io.Copy(w, file)
	return err
}

func (p *packer) text(name, text string) error {
	w, err := p.w.CreateHeader(header(name, 0o644))
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, text)
	return err
}

// header keeps of the rights whether a file can be executed.
func header(name string, mode fs.FileMode) *zip.FileHeader {
	h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: zipEpoch}
	if mode&0o111 != 0 {
		h.SetMode(0o755)
	} else {
		h.SetMode(0o644)
	}
	return h
}
