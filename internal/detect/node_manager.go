package detect

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/aloft-dev/aloft"
)

// manager is the package manager of a package.json.
type manager struct {
	name    string
	setting aloft.Setting
	locked  string // the lock file that it honours, "" = none
	lock    aloft.Source
	berry   bool // Yarn 2 or later
}

// lockFiles are the managers and their lock files.
func lockFiles() [][]string {
	return [][]string{
		{"pnpm", "pnpm-lock.yaml"},
		{"yarn", "yarn.lock"},
		{"bun", "bun.lock", "bun.lockb"},
		{"npm", "package-lock.json", "npm-shrinkwrap.json"},
	}
}

// findManager looks for the package manager: in the package.json, then by the
// lock file, and so up to the root of the workspace.
func findManager(f *folder, pkg *value) (manager, error) {
	m, err := managerAt(f, pkg)
	if err != nil || m.setting.Source.Line > 0 && m.locked != "" {
		return m, err
	}
	for _, at := range f.parents() {
		root, err := at.readJSON("package.json")
		if err != nil {
			return m, err
		}
		if root == nil || root.get("workspaces") == nil && !at.has("pnpm-workspace.yaml") {
			continue
		}
		above, err := managerAt(at, root)
		if err != nil {
			return m, err
		}
		if m.name == "" || m.locked == "" && (above.name == m.name) {
			m = above
		}
	}
	if m.name == "" {
		m.name = "npm"
		m.setting = aloft.Setting{Value: "npm", Source: f.at("package.json", 0, "")}
	}
	return m, nil
}

// managerAt looks in one folder only; the name is "" when nothing tells.
func managerAt(f *folder, pkg *value) (manager, error) {
	var m manager
	for _, field := range []*value{pkg.get("packageManager"), pkg.get("devEngines", "packageManager", "name")} {
		if field.string() == "" || m.name != "" {
			continue
		}
		name, version, _ := strings.Cut(field.string(), "@")
		if !strings.Contains(" npm pnpm yarn bun ", " "+name+" ") {
			return m, f.malformed("package.json", field.at(), fmt.Errorf("package manager %q is none of npm, pnpm, yarn, bun", name))
		}
		m.name, m.setting = name, aloft.Setting{Value: name, Source: f.at("package.json", field.at(), "")}
		m.berry = name == "yarn" && version != "" && !strings.HasPrefix(version, "1.") && version != "1"
	}
	for _, entry := range lockFiles() {
		file := f.first(entry[1:]...)
		if file == "" || m.name != "" && m.name != entry[0] {
			continue
		}
		if m.name == "" {
			m.setting = aloft.Setting{Value: entry[0], Source: f.at(file, 0, "")}
		}
		m.name, m.locked, m.lock = entry[0], file, f.at(file, 0, "")
	}
	for _, name := range []string{"pnpm", "yarn", "bun"} {
		if engine := pkg.get("engines", name); m.name == "" && engine != nil {
			m.name, m.setting = name, aloft.Setting{Value: name, Source: f.at("package.json", engine.at(), "")}
		}
	}
	if m.name == "" && f.has("pnpm-workspace.yaml") {
		m.name, m.setting = "pnpm", aloft.Setting{Value: "pnpm", Source: f.at("pnpm-workspace.yaml", 0, "")}
	}
	m.berry = m.berry || m.name == "yarn" && (f.has(".yarnrc.yml") || strings.Contains(f.text("yarn.lock"), "__metadata:"))
	return m, nil
}

// install returns the command that installs all dependencies, exactly as locked
// when there is a lock file.
func (m manager) install() aloft.Command {
	from := m.lock
	if m.locked == "" {
		from = m.setting.Source
	}
	switch {
	case m.name == "npm" && m.locked != "":
		return run(from, "npm", "ci")
	case m.locked == "":
		return run(from, m.name, "install")
	case m.berry:
		return run(from, "yarn", "install", "--immutable")
	}
	return run(from, m.name, "install", "--frozen-lockfile")
}

// exec returns the arguments that run a program of a dependency.
func (m manager) exec(program string, args ...string) []string {
	words := append([]string{program}, args...)
	switch m.name {
	case "npm":
		return append([]string{"npx", "--no-install"}, words...)
	case "pnpm":
		return append([]string{"pnpm", "exec"}, words...)
	}
	return append([]string{m.name, "run"}, words...)
}

// maxWorkspace is how many bytes of a pnpm-workspace.yaml are worth a hint.
const maxWorkspace = 8 << 10

// members returns the folders of a workspace's packages, from the root of the
// repository.
func (n *nodeApp) members() []string {
	patterns := n.pkg.get("workspaces").list()
	if len(patterns) == 0 {
		patterns = n.pkg.get("workspaces", "packages").list()
	}
	var texts []string
	for _, p := range patterns {
		texts = append(texts, p.string())
	}
	var pnpm struct{ Packages []string }
	if text := n.text("pnpm-workspace.yaml"); len(text) < maxWorkspace && yaml.Unmarshal([]byte(text), &pnpm) == nil {
		texts = append(texts, pnpm.Packages...)
	}
	var members []string
	for _, text := range texts {
		for _, place := range n.expand(text) {
			if n.has(place + "/package.json") {
				members = append(members, n.path(place))
			}
		}
	}
	return members
}
