package blueprint

import (
	"fmt"
	"slices"
	"strings"
)

// step is one step of a job.
type step struct {
	name      string
	above     []string // comment
	id        string
	condition string
	action    string // key of actions; "" = it runs a script
	with      mapping
	env       mapping
	run       []string // lines of a script
}

func (s step) mapping() mapping {
	m := mapping{{key: "name", value: s.name}}
	for _, e := range []entry{{key: "id", value: s.id}, {key: "if", value: s.condition}} {
		if e.value != "" {
			m = append(m, e)
		}
	}
	if s.action != "" {
		a := actions[s.action]
		m = append(m, entry{key: "uses", value: s.action + "@" + a.commit, beside: a.version})
	}
	for _, e := range []entry{{key: "with", value: s.with}, {key: "env", value: s.env}} {
		if len(e.value.(mapping)) > 0 {
			m = append(m, e)
		}
	}
	if len(s.run) > 0 {
		m = append(m, entry{key: "run", value: strings.Join(s.run, "\n") + "\n"})
	}
	m[0].above = s.above
	return m
}

// checkout fetches the commit. The local target's server takes a whole history.
func (w workflow) checkout(revision string) step {
	with := mapping{
		{key: "ref", value: "${{ " + revision + " }}"},
		{key: "persist-credentials", value: false},
	}
	if w.choices.Target == TargetLocal {
		with = append(with, entry{key: "fetch-depth", value: 0})
	}
	return step{name: "Check out", action: "actions/checkout", with: with}
}

// toolchains brings what builds need. The local target's server builds itself.
func (w workflow) toolchains() []step {
	var steps []step
	if w.choices.Target == TargetLocal {
		return nil
	}
	for _, a := range w.choices.Apps {
		s, needed := toolchain(a)
		if needed && !slices.ContainsFunc(steps, func(other step) bool { return other.name == s.name }) {
			steps = append(steps, s)
		}
	}
	return append(steps, w.packageManagers()...)
}

// packageManagers returns the step that brings package managers of Node.js and
// Python that runners lack. Choices do not know them, their files are known.
func (w workflow) packageManagers() []step {
	has := func(runtime string) bool {
		return slices.ContainsFunc(w.choices.Apps, func(a App) bool { return a.Runtime == runtime })
	}
	s := step{
		name: "Bring package managers", above: []string{"Runners have npm and pip. Others come where files of theirs are."},
		run: []string{`has() { [ -n "$(git ls-files ":(glob)**/$1")" ]; }`},
	}
	if has("node") {
		s.run = append(s.run,
			`corepack enable`,
			`if has bun.lock || has bun.lockb; then npm install --global bun; fi`)
	}
	if has("python") {
		s.run = append(s.run,
			`if has uv.lock || git grep -q "^\[tool\.uv" -- ":(glob)**/pyproject.toml"; then pip install uv; fi`,
			`if has poetry.lock || git grep -q "^\[tool\.poetry" -- ":(glob)**/pyproject.toml"; then pip install poetry; fi`,
			`if has Pipfile; then pip install pipenv; fi`)
	}
	if len(s.run) == 1 {
		return nil
	}
	return []step{s}
}

// toolchain returns the step that installs what builds an app; there is none for
// what a container builds, for what runners have, and for files.
func toolchain(a App) (step, bool) {
	version := func(title, action, input, value string, more ...entry) (step, bool) {
		return step{
			name: "Set up " + title + " " + a.Version, action: action,
			with: append(mapping{{key: input, value: value}}, more...),
		}, true
	}
	switch a.Runtime {
	case "quarkus-native":
		return version("GraalVM", "actions/setup-java", "java-version", a.Version, entry{key: "distribution", value: "graalvm"})
	case "spring-boot", "quarkus", "micronaut", "java":
		return version("Java", "actions/setup-java", "java-version", a.Version, entry{key: "distribution", value: "temurin"})
	case "dotnet":
		return version(".NET", "actions/setup-dotnet", "dotnet-version", a.Version+".x")
	case "node":
		return version("Node.js", "actions/setup-node", "node-version", a.Version, entry{key: "package-manager-cache", value: false})
	case "python":
		return version("Python", "actions/setup-python", "python-version", a.Version)
	case "php":
		return version("PHP", "shivammathur/setup-php", "php-version", a.Version, entry{key: "coverage", value: "none"})
	case "go":
		return version("Go", "actions/setup-go", "go-version", a.Version, entry{key: "cache", value: false})
	}
	return step{}, false
}

// ready brings everything that a plan, an apply and a destroy need; the last is
// the step for what admits nobody but the apps and who deploys, if there is such.
func (w workflow) ready(guard func() step) []step {
	steps := w.aloft()
	if w.choices.Target == TargetLocal {
		return steps
	}
	if w.choices.Engine == "terraform" {
		steps = append(steps, step{
			name: "Set up Terraform", action: "hashicorp/setup-terraform",
			with: mapping{{key: "terraform_version", value: "~> 1.11"}, {key: "terraform_wrapper", value: false}},
		})
	}
	steps = append(steps, step{
		name: "Log in to Azure", action: "azure/login",
		above: []string{"No stored secret: GitHub vouches for this repository and environment (OIDC)."},
		with: mapping{
			{key: "client-id", value: "${{ vars.AZURE_CLIENT_ID }}"},
			{key: "tenant-id", value: "${{ vars.AZURE_TENANT_ID }}"},
			{key: "subscription-id", value: "${{ vars.AZURE_SUBSCRIPTION_ID }}"},
		},
	})
	if w.choices.guarded() {
		steps = append(steps, guard())
	}
	return steps
}

// guarded reports whether something admits nobody but the apps and who deploys:
// the key vault, a private registry, the storage of functions.
func (c Choices) guarded() bool { return c.Target == TargetAzure && newAzure(c).guarded }

// settings are the environment of a job's steps: who it is at the target, and
// where the state is kept.
func (w workflow) settings() mapping {
	if w.choices.Target == TargetLocal {
		return mapping{
			{key: "ALOFT_SERVER", value: "${{ vars.ALOFT_SERVER }}", above: []string{"The server that does the work, and the token that it showed at its first start."}},
			{key: "ALOFT_TOKEN", value: "${{ secrets.ALOFT_TOKEN }}"},
		}
	}
	return mapping{
		{key: "ARM_USE_OIDC", value: "true", above: []string{"Who Terraform is, and where it keeps its states: variables of the repository."}},
		{key: "ARM_CLIENT_ID", value: "${{ vars.AZURE_CLIENT_ID }}"},
		{key: "ARM_TENANT_ID", value: "${{ vars.AZURE_TENANT_ID }}"},
		{key: "ARM_SUBSCRIPTION_ID", value: "${{ vars.AZURE_SUBSCRIPTION_ID }}"},
		{key: "ALOFT_BACKEND_RESOURCE_GROUP_NAME", value: "${{ vars.ALOFT_STATE_RESOURCE_GROUP }}"},
		{key: "ALOFT_BACKEND_STORAGE_ACCOUNT_NAME", value: "${{ vars.ALOFT_STATE_STORAGE_ACCOUNT }}"},
		{key: "ALOFT_BACKEND_CONTAINER_NAME", value: "tfstate"},
		{key: "ALOFT_BACKEND_USE_AZUREAD_AUTH", value: "true"},
		{key: "ALOFT_BACKEND_USE_OIDC", value: "true"},
	}
}

// released reports whether the generator is a version that can be installed.
func (g Generator) released() bool { return strings.HasPrefix(g.Version, "v") }

// aloft brings Aloft: at the version of the generator, from the PATH when it is
// there, else installed and compared with its checksum. What was not released
// can only be on the PATH.
func (w workflow) aloft() []step {
	if !w.generator.released() {
		return []step{{
			name: "Find Aloft", above: []string{
				"Made by an Aloft that was not released, so there is none to install: run this on a",
				"runner that has it, or make this file again with a release.",
			},
			run: []string{
				`if ! command -v aloft; then`,
				`  echo "::error::aloft is not on this runner's PATH; put it there, or run \"aloft upgrade\" with a release of Aloft and push"`,
				`  exit 1`,
				`fi`,
			},
		}}
	}
	version := w.generator.Version
	keep := step{
		name: "Keep Aloft from run to run", action: "actions/cache",
		with: mapping{
			{key: "path", value: "~/.aloft/" + version},
			{key: "key", value: fmt.Sprintf("aloft-%s-${{ runner.os }}-${{ runner.arch }}", version)},
		},
	}
	get := step{
		name: "Get Aloft " + version,
		env:  mapping{{key: "ALOFT_VERSION", value: version}},
		run: []string{
			`if [ "$(aloft version 2> /dev/null | cut -d ' ' -f 2)" = "$ALOFT_VERSION" ]; then exit 0; fi`,
			`bin="$HOME/.aloft/$ALOFT_VERSION"`,
			`if ! [ -x "$bin/aloft" ]; then`,
			`  cd "$RUNNER_TEMP"`,
		},
	}
	if w.generator.Sum != "" {
		get.env = append(get.env, entry{key: "ALOFT_SUM", value: w.generator.Sum, above: []string{"Of the module that is built; anything else is refused."}})
		get.run = append(get.run,
			`  module="$(go mod download -json "github.com/aloft-dev/aloft@$ALOFT_VERSION")"`,
			`  if ! grep -qF "\"Sum\": \"$ALOFT_SUM\"" <<< "$module"; then`,
			`    echo "::error::Aloft $ALOFT_VERSION is not what it was when this file was made: its checksum is not $ALOFT_SUM"`,
			`    exit 1`,
			`  fi`,
		)
	}
	get.run = append(get.run,
		`  CGO_ENABLED=0 GOBIN="$bin" go install "github.com/aloft-dev/aloft/cmd/aloft@$ALOFT_VERSION"`,
		`fi`,
		`echo "$bin" >> "$GITHUB_PATH"`,
	)
	if w.choices.Target == TargetLocal {
		return []step{get} // such a runner keeps its disk
	}
	return []step{keep, get}
}
