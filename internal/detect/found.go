package detect

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// Found is what a look through a tree has found.
type Found struct {
	Apps    []aloft.App // ordered by path
	Notices []string    // what was left out, or is otherwise than one might think; for people
}

// Apps finds every app of a source tree, and what `aloft init` proposes for
// each: a Function, a Port and so on. The root and the folders below it are looked
// at, five levels deep, but for hidden folders, what builds and package managers
// make, and those for tests, examples, documents and scripts; the latter count when
// there is nothing else. Links that lead out of the tree are not followed. In the
// named folders an app is looked for whatever they are called, and it counts even
// if it would be a part of another one or a library.
//
// An app is what can be started, served, or called as a function. Libraries
// are none, nor are tools without a server beside an app, nor is the root of a
// workspace that only starts its members. Below the root a folder must have a file
// of a package manager, a Dockerfile or a site.
//
// The startable members of one build (modules of Maven, projects of Gradle and of
// a .NET solution, main packages of a Go module) are an app each. When there are
// several, they have the folder of the build as their path, so that shared
// modules are there and count as inputs, and commands of their own: Default tells
// which apps need their commands in the manifest.
//
// What stands inside of another app's folder is an app of its own, unless the
// outer one takes it in: its build files name the folder, its project refers to it,
// it is in the outer app's sources, or it is a bare page; or the outer app is built
// by its Dockerfile, which copies the folder. A site whose build writes into another
// app's folder is a part of that app. A folder that a compose file builds is always an
// app, but for services of a profile and for images of databases and of what watches
// others. A Dockerfile is built in the folder where it stands: one that a compose file
// builds in another folder is no app.
//
// Apps come ordered by path and have valid, unique names: that of the folder; the
// only app of a tree, if it is at the root, is "web"; of several that at the root has
// the name of the only service that a compose file builds there.
//
// The error is CodeNotFound when nothing is recognised; it says what was looked
// for and what was seen. With a CodeInvalid error the apps come all the same: it is
// the first of a file that cannot be understood, or of an app that nothing tells how
// to start, which comes as far as it is known, as from App.
func Apps(source fs.FS, named ...string) (Found, error) {
	source = newTree(source)
	root, err := open(source, ".")
	if err != nil {
		return Found{}, err
	}
	s := newSearch(root)
	for _, s.lenient = range []bool{false, true} {
		s.visited = 0
		s.walk(root, 0, false)
		if s.sift(); len(s.found) > 0 {
			break
		}
	}
	err = s.named(named)
	if len(s.found) == 0 && len(s.stuck) > 0 {
		s.found, err = s.stuck[:1], unwrapStart(s.stuck[0].err)
	}
	if s.broken != nil {
		err = s.broken
	}
	found := Found{Apps: s.apps(), Notices: s.notices()}
	if len(found.Apps) == 0 && err == nil {
		err = s.nothing(found.Notices)
	}
	return found, err
}

// named looks into folders that somebody has named. The error is that of an app
// that nothing tells how to start.
func (s *search) named(dirs []string) (err error) {
	for _, dir := range dirs {
		f, unreadable := open(s.root.source, dir)
		if unreadable != nil || slices.ContainsFunc(s.found, func(c *candidate) bool { return c.folder.dir == f.dir }) {
			continue
		}
		app, lacking := f.app("")
		switch {
		case app.Runtime.Value == "" && aloft.ErrorCode(lacking) != aloft.CodeNotFound:
			s.fault(lacking)
		case app.Runtime.Value != "":
			c := &candidate{app: app, folder: f, home: f}
			if f.home != nil {
				c.home = f.home
			}
			c.app.Function = c.function()
			if errors.As(lacking, new(noStart)) && c.app.Function.Value == "" && err == nil {
				err = unwrapStart(lacking)
			}
			s.parts.drop(f.dir)
			s.accept(c)
		}
	}
	return err
}

// parts are folders that the Dockerfile of an app copies, by the app.
type parts map[*candidate][]string

func (p parts) drop(dir string) {
	for c := range p {
		p[c] = slices.DeleteFunc(p[c], func(part string) bool { return part == dir })
	}
}

// notices tells what is left out, and what of the apps is not as one might think.
// The apps are named already.
func (s *search) notices() []string {
	var list []string
	for _, c := range s.found {
		name := c.app.Name
		if dirs := s.parts[c]; len(dirs) > 0 {
			list = append(list, fmt.Sprintf("Parts of %s, which its %s copies, and no apps of their own: %s.", name, c.root().path("Dockerfile"), strings.Join(dirs, ", ")))
		}
		if s.aside(c.home.dir) {
			list = append(list, fmt.Sprintf("%s is in %s, where usually no app is: nothing else looks like one.", name, c.home.dir))
		}
		if from := s.worker(c); from.File != "" {
			list = append(list, fmt.Sprintf("%s seems to take no requests%s. It is given an address all the same, and its health is asked there: "+
				"a worker is better one of the \"processes\" of another app, in aloft.yaml.", name, from))
		}
	}
	return append(list, s.elsewhere()...)
}

// aside reports whether a folder counts only because there is nothing else.
func (s *search) aside(dir string) bool {
	if !s.lenient {
		return false
	}
	strict := search{}
	for ; dir != "."; dir = path.Dir(dir) {
		if strict.skips(dir) {
			return true
		}
	}
	return false
}

// worker returns what tells that an app takes no requests, if anything does.
func (s *search) worker(c *candidate) aloft.Source {
	if c.app.Function.Value != "" || c.app.Static.Value != "" {
		return aloft.Source{}
	}
	if p := c.dotnet(); c.app.Runtime.Value == "dotnet" && p.sdk() == workerSDK {
		return c.home.at(p.file, p.root.line, workerSDK)
	}
	if c.app.Port.Value != "" || c.app.Framework.Value != "" {
		return aloft.Source{}
	}
	return s.compose.worker(c.home.dir)
}

// elsewhere tells of services whose Dockerfile is built with another folder than its
// own, where no app stands for them.
func (s *search) elsewhere() []string {
	var list []string
	for i, service := range s.compose {
		if service.dockerfile == "" || service.aside {
			continue
		}
		at := slices.IndexFunc(s.found, func(c *candidate) bool { return c.home.dir == service.context || c.folder.dir == service.context })
		another := slices.ContainsFunc(s.compose[:i], func(o composeService) bool { return o.context == service.context && o.dockerfile != service.dockerfile })
		switch {
		case at >= 0 && !another && s.found[at].app.Runtime.Value == "docker":
			list = append(list, fmt.Sprintf("%s is built by the Dockerfile in its folder, and not by %s%s.", s.found[at].app.Name, service.dockerfile, service.source))
		case at >= 0 && !another, slices.ContainsFunc(s.found, func(c *candidate) bool { return s.copiedFor(service, c.home.dir) }):
		default:
			list = append(list, fmt.Sprintf("%s is left out%s: %s is built with the folder %s, and Aloft builds files named Dockerfile, with the folder where they stand.",
				service.name, service.source, service.dockerfile, service.context))
		}
	}
	return list
}
