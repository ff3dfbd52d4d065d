package proxy

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
)

// static serves the files of a folder as they are: index.html for a folder,
// 404.html for what is not there. Files and folders whose names start with a
// dot are never served (except .well-known), and no link leads out of the folder.
type static struct {
	root   *os.Root
	folder uint64 // digest of the folder's path: equal files of two releases have different tags
}

func newStatic(root *os.Root) *static {
	digest := fnv.New64a()
	_, _ = digest.Write([]byte(root.Name())) // never fails
	return &static{root, digest.Sum64()}
}

func (s *static) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "405 only GET and HEAD are answered here", http.StatusMethodNotAllowed)
		return
	}
	file, info, err := s.find(r.URL.Path)
	switch {
	case errors.Is(err, errWithoutSlash):
		target := url.URL{Path: path.Clean(r.URL.Path) + "/", RawQuery: r.URL.RawQuery}
		http.Redirect(w, r, target.String(), http.StatusMovedPermanently)
		return
	case err != nil:
		s.notFound(w, r)
		return
	}
	defer file.Close()
	w.Header().Set("Cache-Control", "no-cache") // ask again each time: the next release may be there
	w.Header().Set("Etag", s.tag(info))
	http.ServeContent(w, r, info.Name(), info.ModTime(), file)
}

// errWithoutSlash tells a folder whose name was asked for without a slash at
// its end: the links of its page would lead astray.
var errWithoutSlash = errors.New("a folder")

// find opens the file for a path of a URL.
func (s *static) find(asked string) (*os.File, fs.FileInfo, error) {
	if !strings.HasPrefix(asked, "/") || strings.Contains(asked, "\\") || hidden(asked) {
		return nil, nil, fs.ErrNotExist
	}
	name := strings.TrimPrefix(path.Clean(asked), "/")
	folder := strings.HasSuffix(asked, "/")
	if folder {
		name = path.Join(name, "index.html")
	}
	file, info, err := s.open(name)
	if err != nil {
		return nil, nil, err
	}
	if info.Mode().IsRegular() {
		return file, info, nil
	}
	file.Close()
	if info.IsDir() && !folder {
		return nil, nil, errWithoutSlash
	}
	return nil, nil, fs.ErrNotExist
}

func (s *static) open(name string) (*os.File, fs.FileInfo, error) {
	if info, err := s.root.Stat(name); err != nil || !info.Mode().IsRegular() && !info.IsDir() {
		return nil, nil, fs.ErrNotExist // opening a named pipe would block
	}
	file, err := s.root.Open(name)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, info, nil
}

// hidden reports whether a part of the path is nobody's business: .git, .env,
// .aloft… It looks at the path as asked, before "..", which is hidden as well.
func hidden(asked string) bool {
	for part := range strings.SplitSeq(asked, "/") {
		if strings.HasPrefix(part, ".") && part != "." && part != ".well-known" {
			return true
		}
	}
	return false
}

func (s *static) notFound(w http.ResponseWriter, r *http.Request) {
	file, info, err := s.open("404.html")
	if err != nil || !info.Mode().IsRegular() {
		if err == nil {
			file.Close()
		}
		w.Header().Set(PageHeader, PageFile)
		unknownFile(r.URL.Path).write(w, r)
		return
	}
	defer file.Close()
	w.Header().Set("Content-Type", formHTML)
	w.Header().Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	w.Header().Set("Cache-Control", "no-cache")
	w.WriteHeader(http.StatusNotFound)
	if r.Method != http.MethodHead {
		_, _ = file.WriteTo(w) // fails only when the client has gone
	}
}

func unknownFile(asked string) Page {
	return Page{Status: http.StatusNotFound, Title: "Not found", Message: "There is no file " + asked + " here."}
}

func (s *static) tag(info fs.FileInfo) string {
	return fmt.Sprintf(`"%x-%x-%x"`, s.folder, info.ModTime().UnixNano(), info.Size())
}
