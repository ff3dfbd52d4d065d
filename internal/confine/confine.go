// Package confine closes the machine to child processes: a confined process
// reads the system and the toolchains, and besides only what its Confinement
// names. It can neither signal nor look into a process that does not descend
// from it.
//
// It imports the root package only.
//
// Landlock does it on Linux, without privileges: a thread gives up rights for
// itself and for all that it starts, for ever. Where the kernel has too little of
// it, and on other systems, nothing is confined, and Support says so.
package confine

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// Options say what every child may read, and what none may.
type Options struct {
	Path       string   // PATH of the children: its folders and what belongs to them are open
	Toolchains []string // further folders of toolchains; missing ones do no harm
	Home       string   // of the server's user: closed but for toolchains in it; "" or "/" = no such folder
	Closed     []string // folders that stay closed whatever else is open: data, caches
}

// Confiner confines threads. Its methods may be called from any goroutine.
type Confiner struct {
	open []string // files and folders that every child may read
}

// New finds out what every child may read. What is installed later is open when
// it is in one of the same folders.
func New(o Options) *Confiner {
	s := survey{closed: resolved(o.Closed), home: resolve(o.Home)}
	if s.home == "/" {
		s.home = ""
	}
	for _, folder := range system {
		s.addSystem(resolve(folder))
	}
	for _, folder := range filepath.SplitList(o.Path) {
		s.addPrograms(folder)
	}
	for _, folder := range o.Toolchains {
		s.addToolchain(resolve(folder))
	}
	return &Confiner{open: s.open}
}

// Open lists the files and folders that every child may read.
func (c *Confiner) Open() []string { return slices.Clone(c.open) }

// Apply confines the calling thread and whatever it will start. The goroutine
// must be locked to its thread and must never be unlocked again. Where Support
// is 0 it does nothing.
func (c *Confiner) Apply(a aloft.Confinement) error {
	if Support() == 0 {
		return nil
	}
	if err := restrict(append(c.Open(), a.Read...), a.Write); err != nil {
		return fmt.Errorf("cannot confine a process: %w", err)
	}
	return nil
}

// survey collects what is open to all.
type survey struct {
	closed []string
	home   string // closed as well, but for toolchains; "" = there is none
	open   []string
}

func (s *survey) add(path string) {
	if path != "" && !slices.ContainsFunc(s.open, func(folder string) bool { return within(path, folder) }) {
		s.open = append(s.open, path)
	}
}

// addSystem opens a folder of the system; of one with something closed below,
// all else that is in it.
func (s *survey) addSystem(path string) {
	closed := s.closed
	if s.home != "" {
		closed = append(slices.Clone(closed), s.home)
	}
	if path == "" || slices.ContainsFunc(closed, func(folder string) bool { return within(path, folder) }) {
		return
	}
	if !slices.ContainsFunc(closed, func(folder string) bool { return within(folder, path) }) {
		s.add(path)
		return
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return // what cannot be listed stays closed
	}
	for _, entry := range entries {
		if entry.Type()&os.ModeSymlink == 0 {
			s.addSystem(filepath.Join(path, entry.Name()))
		}
	}
}

// addPrograms opens a folder of PATH, and the toolchains that its links lead to.
func (s *survey) addPrograms(folder string) {
	if !filepath.IsAbs(folder) {
		return
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	s.addToolchain(resolve(folder))
	for _, entry := range entries {
		if entry.Type()&os.ModeSymlink == 0 {
			continue
		}
		if program := resolve(filepath.Join(folder, entry.Name())); program != "" {
			s.addToolchain(filepath.Dir(program))
		}
	}
}

// addToolchain opens a folder of programs; with X/bin all of X, unless more than
// a toolchain is there.
func (s *survey) addToolchain(folder string) {
	if folder == "" || s.tooWide(folder) {
		return
	}
	s.add(folder)
	if parent := filepath.Dir(folder); filepath.Base(folder) == "bin" && filepath.Base(parent) != ".cargo" && !s.tooWide(parent) {
		s.add(parent)
	}
}

// tooWide reports whether a folder holds, or is in, something closed. (Cargo's
// holds passwords, which is why addToolchain knows it.)
func (s *survey) tooWide(folder string) bool {
	if folder == "/" || s.home != "" && within(s.home, folder) {
		return true
	}
	return slices.ContainsFunc(s.closed, func(closed string) bool { return within(folder, closed) || within(closed, folder) })
}

// within reports whether a path is a folder or in it.
func within(path, folder string) bool {
	return path == folder || folder == "/" || strings.HasPrefix(path, folder+"/")
}

// resolve follows the links of a path; "" when there is nothing. Of what is not
// there yet the nearest folder that is there is followed.
func resolve(path string) string {
	if path == "" {
		return ""
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return ""
	}
	return real
}

// resolved follows the links of paths, of which some may not be there yet.
func resolved(paths []string) []string {
	var list []string
	for _, path := range paths {
		if path == "" {
			continue
		}
		list = append(list, future(filepath.Clean(path)))
	}
	return list
}

// future is where a path will be once it is made.
func future(path string) string {
	if real := resolve(path); real != "" || path == filepath.Dir(path) {
		return real
	}
	return filepath.Join(future(filepath.Dir(path)), filepath.Base(path))
}
