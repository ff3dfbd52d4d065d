package detect

import (
	"github.com/aloft-dev/aloft"
)

// toolchain returns what is known about a program, by the name of its command.
func toolchain(command string, from aloft.Source) aloft.Toolchain {
	t := aloft.Toolchain{Name: command, Program: []string{command}, Source: from}
	switch command {
	case "go":
		t.Name, t.Remedy = "Go", "install Go from https://go.dev/dl, or with: brew install go"
	case "node":
		t.Name, t.Remedy = "Node.js", "install Node.js from https://nodejs.org, or with: apt install nodejs, brew install node"
	case "npm":
		t.Remedy = "npm comes with Node.js from https://nodejs.org; on Debian and Ubuntu also: apt install npm"
	case "pnpm":
		t.Remedy = "install pnpm with: npm install --global pnpm (or, with older Node.js: corepack enable pnpm)"
	case "yarn":
		t.Name, t.Remedy = "Yarn", "install Yarn with: npm install --global yarn (or, with older Node.js: corepack enable yarn)"
	case "bun":
		t.Name, t.Remedy = "Bun", "install Bun from https://bun.sh, or with: npm install --global bun"
	case "python3":
		t.Name, t.Remedy = "Python", "install Python from https://www.python.org, or with: apt install python3 python3-venv, brew install python"
	case "uv":
		t.Remedy = "install uv from https://docs.astral.sh/uv, or with: pipx install uv, brew install uv"
	case "poetry":
		t.Name, t.Remedy = "Poetry", "install Poetry with: pipx install poetry, or brew install poetry"
	case "pipenv":
		t.Name, t.Remedy = "Pipenv", "install Pipenv with: pipx install pipenv, or apt install pipenv"
	case "javac":
		t.Name, t.Remedy = "JDK", "install a Java development kit from https://adoptium.net, or with: apt install default-jdk, brew install openjdk"
	case "mvn":
		t.Name, t.Remedy = "Maven", "install Maven with: apt install maven, brew install maven; or put its wrapper into the repository: mvn wrapper:wrapper"
	case "gradle":
		t.Name, t.Remedy = "Gradle", "install Gradle from https://gradle.org, or with: brew install gradle; or put its wrapper into the repository: gradle wrapper"
	case "dotnet":
		t.Name, t.Remedy = ".NET SDK", "install the .NET SDK from https://dotnet.microsoft.com/download, or with: brew install dotnet"
	case "php":
		t.Name, t.Remedy = "PHP", "install PHP with: apt install php-cli, brew install php"
	case "composer":
		t.Name, t.Remedy = "Composer", "install Composer from https://getcomposer.org, or with: apt install composer, brew install composer"
	case "ruby":
		t.Name, t.Remedy = "Ruby", "install Ruby with: apt install ruby-full, brew install ruby, or a version manager such as rbenv"
	case "bundle":
		t.Name, t.Remedy = "Bundler", "Bundler comes with Ruby; if it is missing: gem install bundler"
	case "cargo":
		t.Name, t.Remedy = "Rust", "install Rust from https://rustup.rs, or with: apt install cargo"
	case "hugo":
		t.Name, t.Remedy = "Hugo", "install Hugo from https://gohugo.io/installation, or with: apt install hugo, brew install hugo"
	case "docker":
		t.Name, t.Program = "Docker or Podman", []string{"docker", "podman"}
		t.Remedy = "install Docker (https://docs.docker.com/engine/install) or Podman (apt install podman, brew install podman)"
	}
	return t
}

// shell makes a command of text for a shell.
func shell(text string, from aloft.Source) aloft.Command {
	return aloft.Command{Args: []string{"sh", "-c", text}, Source: from}
}

// run makes a command of arguments.
func run(from aloft.Source, args ...string) aloft.Command {
	return aloft.Command{Args: args, Source: from}
}

// missingStart is the error of an app that is known but for its start.
func missingStart(hint string, format string, args ...any) error {
	return noStart{cause: aloft.Errorf(aloft.CodeInvalid, format, args...).WithHint("%s", hint)}
}

// missingPiece is the error of an app whose start lacks a package.
func missingPiece(hint string, format string, args ...any) error {
	return noStart{aloft.Errorf(aloft.CodeInvalid, format, args...).WithHint("%s", hint), true}
}

// bindHost is the address that a server is told to listen on in shell text.
const bindHost = "${HOST:-0.0.0.0}"
