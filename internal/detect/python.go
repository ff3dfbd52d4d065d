package detect

import (
	"path"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// venv is the interpreter of the environment that a build makes. Programs of
// packages are run as its modules.
const venv = ".aloft/venv/bin/python"

func foundPython(f *folder) bool {
	return f.first("requirements.txt", "pyproject.toml", "Pipfile", "setup.py", "manage.py", "uv.lock", "poetry.lock") != "" ||
		f.pythonScript() != ""
}

// pythonScript returns the file that an app without a server is started by.
func (f *folder) pythonScript() string {
	return f.first("main.py", "app.py", "server.py", "run.py", "bot.py", "wsgi.py", "src/main.py", "src/app.py")
}

// pythonApp is a folder of Python and what was found out about it.
type pythonApp struct {
	*folder
	project      *value // pyproject.toml
	pipfile      *value
	workspace    *folder // of uv, that it is a member of; nil = none
	manager      string
	told         aloft.Source // what told the manager
	dependencies []dependency
	interpreter  string
}

func readPython(f *folder) (*pythonApp, error) {
	p := &pythonApp{folder: f, interpreter: venv}
	var err error
	if p.project, err = f.readTOML("pyproject.toml"); err != nil {
		return nil, err
	}
	if p.pipfile, err = f.readTOML("Pipfile"); err != nil {
		return nil, err
	}
	p.workspace = p.findWorkspace()
	p.chooseManager()
	if p.dependencies, err = p.packages(); err != nil {
		return nil, err
	}
	sortDependencies(p.dependencies)
	return p, nil
}

// findWorkspace returns the folder above whose pyproject.toml names this one as a
// member: the lock file is there, and packages of the workspace are nowhere else.
func (p *pythonApp) findWorkspace() *folder {
	if p.project == nil {
		return nil
	}
	for _, at := range p.parents() {
		root, err := at.readTOML("pyproject.toml")
		if err != nil {
			continue
		}
		for _, member := range root.get("tool", "uv", "workspace", "members").list() {
			if slices.ContainsFunc(at.expand(member.string()), func(place string) bool { return at.path(place) == p.dir }) {
				return at
			}
		}
	}
	return nil
}

// chooseManager prefers lock files to sections, and those to requirements.txt.
func (p *pythonApp) chooseManager() {
	tool := p.project.get("tool")
	switch {
	case p.has("uv.lock"):
		p.manager, p.told = "uv", p.at("uv.lock", 0, "")
	case p.has("poetry.lock"):
		p.manager, p.told = "poetry", p.at("poetry.lock", 0, "")
	case p.has("Pipfile"):
		p.manager, p.told = "pipenv", p.at("Pipfile", 0, "")
	case p.workspace != nil:
		p.manager, p.told = "uv", p.workspace.at(p.workspace.first("uv.lock", "pyproject.toml"), 0, "")
	case tool.get("uv") != nil:
		p.manager, p.told = "uv", p.at("pyproject.toml", tool.get("uv").at(), "")
	case tool.get("poetry") != nil:
		p.manager, p.told = "poetry", p.at("pyproject.toml", tool.get("poetry").at(), "")
	case p.has("requirements.txt"):
		p.manager, p.told = "pip", p.at("requirements.txt", 0, "")
	case p.project != nil:
		p.manager, p.told = "pip", p.at("pyproject.toml", 0, "")
	case p.has("setup.py"):
		p.manager, p.told = "pip", p.at("setup.py", 0, "")
	default:
		p.manager, p.told, p.interpreter = "", p.at(p.first("manage.py", p.pythonScript()), 0, ""), "python3"
	}
}

func detectPython(f *folder) (aloft.App, error) {
	p, err := readPython(f)
	if err != nil {
		return aloft.App{}, err
	}
	f.dependencies = p.dependencies
	app := aloft.App{
		Runtime: aloft.Setting{Source: p.told},
		Version: p.version(),
		Build:   p.install(),
		AddOns:  addOns(p.dependencies, pythonAddOn),
	}
	if p.manager != "" {
		app.Package = aloft.Setting{Value: p.manager, Source: p.told}
	}
	if p.manager != "uv" { // which brings its own Python
		app.Toolchains = append(app.Toolchains, toolchain("python3", p.told))
	}
	if p.manager != "" && p.manager != "pip" {
		app.Toolchains = append(app.Toolchains, toolchain(p.manager, p.told))
	}
	return app, p.start(&app)
}

// install makes the environment and fills it.
func (p *pythonApp) install() []aloft.Command {
	create := run(p.told, "python3", "-m", "venv", ".aloft/venv")
	within := `VIRTUAL_ENV="$PWD/.aloft/venv" PATH="$PWD/.aloft/venv/bin:$PATH" `
	switch p.manager {
	case "uv":
		sync := []string{"uv", "sync", "--no-dev", "--no-editable"}
		if path.Base(p.told.File) == "uv.lock" {
			sync = append(sync, "--frozen")
		}
		if p.workspace != nil { // whose folder a relative path would begin at
			return []aloft.Command{shell(`UV_PROJECT_ENVIRONMENT="$PWD/.aloft/venv" `+strings.Join(sync, " "), p.told)}
		}
		return []aloft.Command{run(p.told, append([]string{"env", "UV_PROJECT_ENVIRONMENT=.aloft/venv"}, sync...)...)}
	case "poetry":
		return []aloft.Command{create, shell(within+"poetry install --only main --no-root --no-interaction", p.told)}
	case "pipenv":
		if p.has("Pipfile.lock") {
			return []aloft.Command{create, shell(within+"PIPENV_VERBOSITY=-1 pipenv sync", p.at("Pipfile.lock", 0, ""))}
		}
		return []aloft.Command{create, shell(within+"PIPENV_VERBOSITY=-1 pipenv install --skip-lock", p.told)}
	case "pip":
		if args := p.pipArguments(); len(args) > 0 {
			return []aloft.Command{create, run(p.told, append([]string{venv, "-m", "pip", "install"}, args...)...)}
		}
		return []aloft.Command{create}
	}
	return nil
}

// pipArguments are requirements.txt, or the dependencies of a pyproject.toml
// that makes no package, or the package itself.
func (p *pythonApp) pipArguments() []string {
	if p.has("requirements.txt") {
		return []string{"-r", "requirements.txt"}
	}
	if p.project != nil && p.project.get("build-system") == nil && !p.has("setup.py") {
		var args []string
		for _, item := range p.project.get("project", "dependencies").list() {
			if text := item.string(); text != "" && !strings.HasPrefix(text, "-") {
				args = append(args, text)
			}
		}
		return args
	}
	return []string{"."}
}

func (p *pythonApp) version() aloft.Setting {
	if v := p.versionFile([]string{".python-version", "runtime.txt"}, "python"); v.Value != "" {
		return v
	}
	for _, field := range []*value{p.project.get("project", "requires-python"), p.project.get("tool", "poetry", "dependencies", "python")} {
		if v := p.folder.version(field.string(), "pyproject.toml", field.at()); v.Value != "" {
			return v
		}
	}
	for _, key := range []string{"python_full_version", "python_version"} {
		if field := p.pipfile.get("requires", key); field != nil {
			return p.folder.version(field.string(), "Pipfile", field.at())
		}
	}
	return aloft.Setting{}
}
