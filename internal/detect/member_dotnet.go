package detect

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// solutionLine is a project of a solution in its old form.
var solutionLine = regexp.MustCompile(`(?m)^Project\("[^"]*"\)\s*=\s*"[^"]*",\s*"([^"]+\.(?:cs|fs|vb)proj)"`)

// solutionProjects returns the project files that the folder's solutions name,
// and those that dotnetProjects finds.
func solutionProjects(f *folder) []dotnetProject {
	projects, err := dotnetProjects(f)
	if err != nil {
		return nil
	}
	var files []string
	for _, name := range f.glob("*.sln") {
		for _, match := range solutionLine.FindAllStringSubmatch(f.text(name), -1) {
			files = append(files, match[1])
		}
	}
	for _, name := range f.glob("*.slnx") {
		if root, err := f.readXML(name); err == nil {
			files = append(files, slnxProjects(root)...)
		}
	}
	known := map[string]bool{}
	for _, p := range projects {
		known[p.file] = true
	}
	for _, file := range files {
		file = path.Clean(strings.ReplaceAll(file, `\`, "/"))
		if known[file] || strings.HasPrefix(file, "..") {
			continue
		}
		known[file] = true
		if root, err := f.readXML(file); err == nil && root != nil {
			projects = append(projects, dotnetProject{file, root})
		}
	}
	return projects
}

func slnxProjects(root *element) []string {
	var files []string
	if root == nil {
		return nil
	}
	for _, e := range root.children {
		if file := e.attrs["Path"]; e.name == "Project" && strings.HasSuffix(file, "proj") {
			files = append(files, file)
		}
		files = append(files, slnxProjects(e)...)
	}
	return files
}

// orchestrates reports whether a project only starts others, on a laptop.
func (p dotnetProject) orchestrates() bool {
	return strings.HasPrefix(p.sdk(), "Aspire.AppHost") || p.property("IsAspireHost").string() == "true" ||
		slices.ContainsFunc(p.root.all("Sdk"), func(e *element) bool { return e.attrs["Name"] == "Aspire.AppHost.Sdk" })
}

func (p dotnetProject) function() bool {
	return depends(p.packages(""), "Microsoft.Azure.Functions.Worker", "Microsoft.NET.Sdk.Functions")
}

// serves reports whether a project is more than a tool.
func (p dotnetProject) serves() bool {
	return p.rank() > 1 || strings.HasPrefix(p.sdk(), "Microsoft.NET.Sdk.Worker") || p.function()
}

// refs returns the project files that a project refers to, from the app's folder.
func (p dotnetProject) refs() []string {
	var files []string
	for _, group := range p.root.all("ItemGroup") {
		for _, e := range group.all("ProjectReference") {
			files = append(files, path.Join(path.Dir(p.file), strings.ReplaceAll(e.attrs["Include"], `\`, "/")))
		}
	}
	return files
}

// dotnetMembers returns the sites, workers and functions of a solution, but for
// those that another one takes in.
func (s *search) dotnetMembers(f *folder) []*candidate {
	projects := solutionProjects(f)
	var serving []dotnetProject
	taken := map[string]bool{}
	for _, p := range projects {
		dir := path.Join(f.dir, path.Dir(p.file))
		s.claimed[dir] = s.claimed[dir] || dir != f.dir
		own := module{dependencies: p.packages(f.path(p.file))}
		for _, ref := range p.refs() {
			own.refs = append(own.refs, path.Dir(path.Join(f.dir, ref)))
		}
		s.modules[dir] = own
		if p.rank() == 0 && !p.function() || p.orchestrates() {
			continue
		}
		if !p.serves() {
			continue
		}
		serving = append(serving, p)
		for _, ref := range p.refs() {
			taken[ref] = true
		}
	}
	file := slices.Concat(projectFiles(f), f.glob("*.sln"), f.glob("*.slnx"))[0]
	from := f.at(file, 0, "")
	var members []*candidate
	for _, p := range serving {
		if taken[p.file] {
			continue
		}
		c := &candidate{folder: copyOf(f)}
		c.app = aloft.App{Path: f.dir, Runtime: aloft.Setting{Value: "dotnet", Source: from}, Toolchains: []aloft.Toolchain{toolchain("dotnet", from)}}
		p.build(c.folder, &c.app)
		if p.rank() == 0 { // a function of the old model is a library
			c.app.Start = aloft.Command{}
		}
		if c.home = c.folder.home; c.home != nil {
			c.app.Function = c.function()
			members = append(members, c)
		}
	}
	return members
}
