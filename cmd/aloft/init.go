package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/blueprint"
	"github.com/aloft-dev/aloft/internal/run"
	"github.com/aloft-dev/aloft/internal/worktree"
)

// initFlags are what init does besides choosing.
type initFlags struct {
	yes          bool
	fromNubesGen bool
	lock         bool
}

func newInit(o *options) *cobra.Command {
	flags := &initFlags{}
	command := &cobra.Command{
		Use:   "init",
		Short: "Write Terraform and a workflow for the apps of this repository",
		Long: `Init looks at the repository, proposes where its apps run and what they need,
and writes plain Terraform into terraform/ and a GitHub Actions workflow. It asks
what it cannot know; with --yes it asks nothing. --json shows the proposal and
writes nothing.

Each flag is a choice; what is not chosen comes from the source tree, or is the
usual. The same choices give the same files. Sizes, regions, versions and costs:
` + manual + `options.md

Later:
  aloft add redis                          another service
  aloft set database.tier=general-purpose  another size, for one environment with --env
  aloft upgrade                            newer modules, keeping your edits`,
		Args: arguments(),
		RunE: func(command *cobra.Command, _ []string) error { return initialize(command, o, flags) },
	}
	f := command.Flags()
	addChoiceFlags(f)
	f.BoolVarP(&flags.yes, "yes", "y", false, "ask nothing, write what is proposed")
	f.BoolVar(&flags.fromNubesGen, "from-nubesgen", false, "take the place of Terraform that NubesGen has written")
	f.BoolVar(&flags.lock, "lock", true, "lock the provider's checksums, when its registry can be reached")
	return command
}

// choiceHelp says what each choice is; what it may be stands behind it.
var choiceHelp = map[string]string{
	"name":             "name of the project",
	"target":           "where environments are made",
	"engine":           "what runs the Terraform files",
	"region":           "region, such as westeurope",
	"network":          "how services are closed",
	"database":         "database that the apps share",
	"database-tier":    "size of the database",
	"database-version": "version of the database",
	"add-on":           "further services, kind or kind=tier, several with commas",
	"app":              "one of several apps, as name:path=FOLDER,runtime=RUNTIME,…; may be repeated",
	"path":             "folder of the only app",
	"runtime":          "what the app is",
	"version":          "version of the runtime",
	"build-tool":       "build tool of Java",
	"hosting":          "what runs the app",
	"tier":             "size of the hosting",
	"packaging":        "how the app is handed over",
	"port":             "port that the image listens on",
	"health":           "path that answers 2xx when the app is well",
	"start":            "start command, for a web app that needs one",
	"build":            "build command for aloft.yaml, of what files do not tell",
	"command":          "start command for aloft.yaml, of what files do not tell",
	"static":           "folder for aloft.yaml that is served as it is",
}

// choiceValues are what a choice may be.
func choiceValues(name string) []blueprint.Option {
	switch name {
	case "target":
		return blueprint.Targets()
	case "engine":
		return blueprint.Engines()
	case "network":
		return blueprint.Networks()
	case "database":
		return blueprint.Databases()
	case "add-on":
		return blueprint.AddOns()
	case "runtime":
		return blueprint.Runtimes()
	case "build-tool":
		return blueprint.BuildTools("java")
	case "hosting":
		return blueprint.Hostings(blueprint.TargetAzure)
	case "packaging":
		return blueprint.Packagings()
	default:
		return nil
	}
}

func addChoiceFlags(f *pflag.FlagSet) {
	for _, name := range blueprint.Parameters() {
		help := choiceHelp[name]
		if list := choiceValues(name); len(list) > 0 {
			words := make([]string, len(list))
			for i, option := range list {
				words[i] = option.Value
			}
			help += ": " + strings.Join(words, ", ")
		}
		f.Var(&choiceFlag{}, name, help)
	}
}

// choicesOf returns the flags that were given, as the parameters that they are.
func choicesOf(f *pflag.FlagSet) url.Values {
	query := url.Values{}
	for _, name := range blueprint.Parameters() {
		if flag := f.Lookup(name); flag.Changed {
			query[name] = *flag.Value.(*choiceFlag)
		}
	}
	return query
}

// choiceFlag is a choice as it is written; twice is for the rules of choices to refuse.
type choiceFlag []string

func (c *choiceFlag) String() string { return strings.Join(*c, ",") }

// Set implements pflag.Value.
func (c *choiceFlag) Set(value string) error {
	*c = append(*c, value)
	return nil
}

// Type is what help shows for a value.
func (c *choiceFlag) Type() string { return "string" }

// initialize is aloft init: look, propose, ask, show, write.
func initialize(command *cobra.Command, o *options, flags *initFlags) error {
	ctx := command.Context()
	tree, err := worktree.Open(ctx)
	if err != nil {
		return err
	}
	defer tree.Close()
	query := choicesOf(command.Flags())
	if query.Has("name") && query.Get("name") == "" {
		return misuse{aloft.ValidateProjectName("")}
	}
	if o.project != "" && !query.Has("name") {
		query.Set("name", o.project)
	}
	if done, err := initializedBefore(command, o, tree, query); done || err != nil {
		return err
	}
	ask := newQuestions(command)
	choose := func(*blueprint.Choices) error { return nil }
	if ask.terminal && !flags.yes && !o.json {
		choose = func(c *blueprint.Choices) error { return ask.choose(c, query) }
	}
	d, err := drawUp(ctx, tree, query, flags.fromNubesGen, choose)
	if err != nil {
		return err
	}
	out := command.OutOrStdout()
	if o.json {
		return o.print(out, proposed{d.Proposal, paths(d.files), d.remove}, nil)
	}
	showProposal(out, d.Proposal, d.files, d.remove)
	if !flags.yes {
		if !ask.terminal {
			return misuse{aloft.Errorf(aloft.CodeInvalid, "nothing is written without a yes, and there is no terminal to ask").
				WithHint("the same command with --yes writes these files")}
		}
		yes, err := ask.yes("Write these files?")
		if err != nil {
			return err
		}
		if !yes {
			_, _ = fmt.Fprintln(out, "nothing is written")
			return exitCode(exitCanceled)
		}
	}
	steps := nextCommands(ctx, tree, d, o.serverURL(ctx))
	if err := tree.Write(d.files, d.remove); err != nil {
		return err
	}
	if flags.lock && d.Choices.Target == blueprint.TargetAzure {
		lockProviders(ctx, out, filepath.Join(tree.Root, "terraform"), d.Choices.Engine)
	}
	showNext(out, steps, d.Choices.Target)
	return nil
}

// drawnUp is a proposal and what comes of it.
type drawnUp struct {
	blueprint.Proposal
	files   []blueprint.File
	remove  []string
	changes []string        // of the user's, that are not committed
	hidden  worktree.Hidden // what git ignores of the files
}

// drawUp renders what is proposed and chosen, and makes sure that nothing of
// anybody else's is in the way.
func drawUp(ctx context.Context, tree *worktree.Tree, query url.Values, fromNubesGen bool, choose func(*blueprint.Choices) error) (drawnUp, error) {
	replaced, err := tree.Ours(ctx, fromNubesGen)
	if err != nil {
		return drawnUp{}, err
	}
	proposal, err := tree.Propose(query, replaced, remoteProject(ctx))
	if err != nil {
		return drawnUp{}, choiceError(err)
	}
	if err := choose(&proposal.Choices); err != nil {
		return drawnUp{}, err
	}
	proposal = proposal.Complete()
	if proposal.Findings == nil {
		proposal.Findings = []blueprint.Finding{} // a list in JSON, too
	}
	own, err := tree.Manifest(&proposal.Choices, query.Has("name"))
	if err != nil {
		return drawnUp{}, err
	}
	if proposal.Choices.Name == "" {
		return drawnUp{}, misuse{aloft.Errorf(aloft.CodeInvalid, "no name of a project can be made of the folder's name, %s", filepath.Base(tree.Root)).
			WithHint("name it: aloft init --name shop")}
	}
	files, record, err := blueprints().RenderApart(proposal.Choices)
	if err != nil {
		return drawnUp{}, choiceError(err)
	}
	if own {
		delete(record.Files, blueprint.ManifestFile)
		files = slices.DeleteFunc(files, func(f blueprint.File) bool { return f.Path == blueprint.ManifestFile })
	}
	if files, err = record.With(files); err != nil {
		return drawnUp{}, err
	}
	if err := errors.Join(tree.Free(files, replaced.Remove), tree.Clean(ctx, replaced.Remove)); err != nil {
		return drawnUp{}, err
	}
	proposal.Notices = append(proposal.Notices, proposal.Choices.Notices()...)
	for _, a := range proposal.Choices.Apps {
		if info, err := fs.Stat(tree.Files, a.Path); err != nil || !info.IsDir() {
			proposal.Notices = append(proposal.Notices, fmt.Sprintf("There is no folder %s yet, where %s is to be.", a.Path, a.Name))
		}
	}
	changes, err := tree.Unrelated(ctx)
	if err != nil {
		return drawnUp{}, err
	}
	if len(changes) > 0 {
		proposal.Notices = append(proposal.Notices, fmt.Sprintf("Not committed, and in no environment until you commit it: %s.", worktree.Some(changes)))
	}
	h, err := tree.Hidden(ctx, paths(files))
	if err != nil {
		return drawnUp{}, err
	}
	proposal.Notices = append(proposal.Notices, h.Notices()...)
	return drawnUp{proposal, files, replaced.Remove, changes, h}, nil
}

// proposed is what --json prints.
type proposed struct {
	blueprint.Proposal
	Files  []string `json:"files"`
	Remove []string `json:"remove,omitempty"`
}

func paths(files []blueprint.File) []string {
	list := make([]string, len(files))
	for i, f := range files {
		list[i] = f.Path
	}
	return list
}

// manual is where the pages are that messages point at.
const manual = "https://github.com/aloft-dev/aloft/blob/main/docs/"

// choiceError gives refused choices the hint that fits a command line.
func choiceError(err error) error {
	var found blueprint.Violations
	if !errors.As(err, &found) {
		return err
	}
	return misuse{aloft.Errorf(aloft.CodeInvalid, "%s", found.Error()).WithHint("all choices, and what goes with what: " + manual + "options.md")}
}

// showProposal shows what was found and the tree that is to be written. Names of
// files are anybody's.
func showProposal(out io.Writer, p blueprint.Proposal, files []blueprint.File, remove []string) {
	ink, w := paletteFor(out), &strings.Builder{}
	_, _ = fmt.Fprintln(w, ink.paint("=====> "+summary(p.Choices), strong))
	for _, f := range p.Findings {
		_, _ = fmt.Fprintf(w, "       %s: %s%s\n", f.Field, f.Value, f.Source)
	}
	for _, a := range p.Choices.Apps {
		if p.Choices.Target == blueprint.TargetAzure {
			_, _ = fmt.Fprintf(w, "       %s runs as %s, tier %s (%s)\n", a.Name, a.Hosting, a.Tier, a.Packaging)
		}
	}
	for _, notice := range p.Notices {
		_, _ = fmt.Fprintln(w, ink.paint(" !     "+notice, warn))
	}
	_, _ = fmt.Fprintln(w, "       These files are written:")
	showTree(w, paths(files))
	for _, path := range remove {
		_, _ = fmt.Fprintf(w, "       removed: %s\n", path)
	}
	_, _ = io.WriteString(out, run.Harmless(w.String()))
}

// summary is one line about the choices.
func summary(c blueprint.Choices) string {
	words := []string{c.Name, c.Target}
	if c.Region != "" {
		words = append(words, c.Region, c.Network+" network")
	}
	if c.HasDatabase() {
		words = append(words, c.Database.Kind)
	}
	for _, s := range c.AddOns {
		words = append(words, s.Kind)
	}
	return strings.Join(words, ", ")
}

// showTree shows paths as a tree, modules by their folders only.
func showTree(w io.Writer, list []string) {
	folders := map[string][]string{}
	for _, path := range list {
		folder, name := "", path
		if module, ok := strings.CutPrefix(path, "terraform/modules/"); ok {
			name, _, _ = strings.Cut(module, "/")
			folder, name = "terraform/modules/", name+"/"
		} else if i := strings.LastIndex(path, "/"); i >= 0 {
			folder, name = path[:i+1], path[i+1:]
		}
		if !slices.Contains(folders[folder], name) {
			folders[folder] = append(folders[folder], name)
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		indent := "         "
		if folder != "" {
			_, _ = fmt.Fprintln(w, indent+folder)
			indent += "  "
		}
		_, _ = fmt.Fprintln(w, indent+strings.Join(folders[folder], "  "))
	}
}

// initializedBefore handles a repository that has a blueprint: the same choices
// change nothing, others are for aloft set, add and remove.
func initializedBefore(command *cobra.Command, o *options, tree *worktree.Tree, query url.Values) (bool, error) {
	record, there, err := tree.Record()
	if !there || err != nil {
		return false, err
	}
	given, err := blueprint.FromQuery(query)
	if err != nil {
		return true, choiceError(err)
	}
	given, _ = given.Current()
	asked := blueprint.Proposal{Choices: record.Choices}.With(given).Choices.Complete()
	if !asked.Equal(record.Choices) {
		return true, aloft.Errorf(aloft.CodeConflict, "this repository has a blueprint already, with other choices (%s)", blueprint.RecordFile).
			WithHint("change it with aloft set, aloft add and aloft remove; or take terraform/ out first to begin anew")
	}
	return true, o.print(command.OutOrStdout(), proposed{Proposal: blueprint.Proposal{Choices: record.Choices, Findings: []blueprint.Finding{}}, Files: []string{}}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "nothing to write: the blueprint of %s is in %s\n", record.Choices.Name, blueprint.RecordFile)
		return err
	})
}

// lockProviders writes terraform/.terraform.lock.hcl for the common platforms,
// when the registry can be reached; else it says how.
func lockProviders(ctx context.Context, w io.Writer, dir, engine string) {
	program := blueprint.EngineCommand(engine)
	_, _ = fmt.Fprintln(w, "       locking the provider for each platform; it is large, Ctrl-C leaves this for later")
	err := worktree.LockProviders(ctx, dir, program)
	if err == nil {
		_, _ = fmt.Fprintln(w, "       locked: terraform/.terraform.lock.hcl")
		return
	}
	_, _ = fmt.Fprintf(w, "       not locked: %s\n", err)
	_, _ = fmt.Fprintf(w, "       later: (cd terraform && %[1]s get && %[1]s providers lock %[2]s)\n", program, strings.Join(worktree.LockPlatforms(), " "))
}
