package cloud

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	slash "path"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// image is one that lies unpacked in a folder.
type image struct {
	root   string // "" = a placeholder: one of Microsoft's own, which is not here
	config v1.Config
}

// isPlaceholder tells the images of Microsoft's public registry. Nobody can pull
// them here: an answer of the cloud stands in the place of what they do.
func isPlaceholder(reference string) bool { return strings.HasPrefix(reference, "mcr.microsoft.com/") }

// pull gets an image from a registry of this cloud with the rights of somebody,
// and unpacks it, once for each digest.
func (c *Cloud) pull(ctx context.Context, reference, who string) (*image, error) {
	if isPlaceholder(reference) {
		return &image{}, nil
	}
	parsed, err := name.ParseReference(reference)
	if err != nil {
		return nil, fmt.Errorf("the reference %q cannot be read: %w", reference, err)
	}
	host := parsed.Context().RegistryStr()
	c.mu.Lock()
	registry := c.registryOf(host)
	c.mu.Unlock()
	if registry == nil {
		return nil, fmt.Errorf("GET https://%s/v2/: no such host", host)
	}
	door := &registryDoor{cloud: c, host: host, id: registry.id}
	transport := c.Transport()
	defer transport.CloseIdleConnections()
	found, err := remote.Image(parsed, remote.WithContext(ctx), remote.WithTransport(transport),
		remote.WithAuth(&authn.Basic{Username: registryUser, Password: door.refreshToken(who)}),
		remote.WithPlatform(v1.Platform{OS: "linux", Architecture: "amd64"}))
	if err != nil {
		return nil, err
	}
	return c.unpack(found)
}

// unpack lays an image out in a folder that is named by its digest.
func (c *Cloud) unpack(found v1.Image) (*image, error) {
	digest, err := found.Digest()
	if err != nil {
		return nil, err
	}
	config, err := found.ConfigFile()
	if err != nil {
		return nil, err
	}
	if config.OS != "linux" || config.Architecture != "amd64" {
		return nil, fmt.Errorf("no child with platform linux/amd64 in the manifest: the image is for %s/%s", config.OS, config.Architecture)
	}
	root := filepath.Join(c.options.Dir, "images", digest.Hex)
	if _, err := os.Stat(root); err == nil {
		return &image{root, config.Config}, nil
	}
	if err := os.MkdirAll(filepath.Dir(root), 0o700); err != nil {
		return nil, err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(root), ".new-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(fresh)
	files := mutate.Extract(found)
	defer files.Close()
	if err := layOut(fresh, files); err != nil {
		return nil, fmt.Errorf("cannot unpack the image: %w", err)
	}
	if err := os.Rename(fresh, root); err != nil && !errors.Is(err, fs.ErrExist) {
		if _, there := os.Stat(root); there != nil { // another one was quicker
			return nil, err
		}
	}
	return &image{root, config.Config}, nil
}

// layOut writes the files of a tar archive below a folder, and none beside it.
// Links that are absolute lead to the folder instead of the machine's root.
func layOut(dir string, archive io.Reader) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for entries := tar.NewReader(archive); ; {
		head, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		file := strings.TrimPrefix(slash.Clean("/"+head.Name), "/")
		if file == "" {
			continue
		}
		if err := layOutFile(root, file, head, entries); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
}

func layOutFile(root *os.Root, file string, head *tar.Header, content io.Reader) error {
	if err := root.MkdirAll(slash.Dir(file), 0o755); err != nil {
		return err
	}
	mode := fs.FileMode(head.Mode) & 0o777
	switch head.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(file, mode|0o700)
	case tar.TypeReg:
		out, err := root.OpenFile(file, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode|0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, content)
		return errors.Join(err, out.Close())
	case tar.TypeSymlink:
		target := head.Linkname
		if slash.IsAbs(target) {
			target = strings.Repeat("../", strings.Count(file, "/")) + strings.TrimPrefix(slash.Clean(target), "/")
		}
		return root.Symlink(target, file)
	case tar.TypeLink:
		return root.Link(strings.TrimPrefix(slash.Clean("/"+head.Linkname), "/"), file)
	}
	return nil // devices and the like: no app needs them
}

// place returns where a path of the image is on this machine; what is not in
// the image stays as it is, so that a runtime of the machine can be meant.
func (i *image) place(file string) string {
	if !slash.IsAbs(file) {
		return file
	}
	inside := filepath.Join(i.root, filepath.FromSlash(slash.Clean(file)))
	if _, err := os.Stat(inside); err == nil {
		return inside
	}
	return file
}

// program returns what the image starts: entrypoint and command, either of which
// a container may replace, as in Kubernetes (doc, "Containers in Azure Container
// Apps"). A program is looked for in the image first, then on this machine.
func (i *image) program(command, args []string) program {
	entry, arguments := i.config.Entrypoint, i.config.Cmd
	if len(command) > 0 {
		entry, arguments = command, nil
	}
	if len(args) > 0 {
		arguments = args
	}
	p := program{dir: filepath.Join(i.root, filepath.FromSlash(slash.Clean("/"+i.config.WorkingDir)))}
	for _, word := range append(append([]string{}, entry...), arguments...) {
		p.args = append(p.args, i.place(word))
	}
	search := ""
	for _, variable := range i.config.Env {
		if folders, ok := strings.CutPrefix(variable, "PATH="); ok {
			for folder := range strings.SplitSeq(folders, ":") {
				search += filepath.Join(i.root, folder) + ":"
			}
			continue
		}
		p.env = append(p.env, variable)
	}
	p.env = append(p.env, "PATH="+search+os.Getenv("PATH"))
	return p
}
