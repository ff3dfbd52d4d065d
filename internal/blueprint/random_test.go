package blueprint_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/blueprint"
	"github.com/aloft-dev/aloft/internal/merge"
)

// TestRandomChanges applies sequences of changes to Terraform that is edited before
// and in between. Whatever comes of it fits together, or nothing was changed and the
// error says where; every edit is still there. ALOFT_SEQUENCES says how many.
func TestRandomChanges(t *testing.T) {
	sequences := 20
	if n, err := strconv.Atoi(os.Getenv("ALOFT_SEQUENCES")); err == nil {
		sequences = n
	}
	checker := newConfigurationChecker(t)
	done, refused := 0, 0
	for seed := range sequences {
		p := newProject(t, uint64(seed))
		edits := p.IntN(5)
		for range edits {
			p.edit()
		}
		for range 5 {
			command := p.change()
			for command == "" {
				command = p.change()
			}
			done++
			if strings.HasSuffix(command, "refused") {
				refused++
				if edits == 0 {
					t.Fatalf("sequence %d: %s", seed, strings.Join(p.story, "; "))
				}
			}
			if wrong := p.wrong(checker); len(wrong) > 0 {
				t.Fatalf("sequence %d: %s:\n%s", seed, strings.Join(p.story, "; "), strings.Join(wrong, "\n"))
			}
			if edits > 0 && p.IntN(3) == 0 {
				p.edit()
			}
		}
		if edits == 0 && !maps.Equal(p.texts, p.rendered(p.choices)) {
			t.Fatalf("sequence %d: %s: what nobody edited is not what would be rendered", seed, strings.Join(p.story, "; "))
		}
	}
	t.Logf("%d changes in %d sequences, %d of them refused", done, sequences, refused)
	if refused == 0 || refused > done/2 {
		t.Errorf("%d of %d changes were refused", refused, done)
	}
}

// project is a repository whose owner edits it.
type project struct {
	*rand.Rand
	t         *testing.T
	choices   blueprint.Choices
	record    map[string]string // what Aloft wrote last, by path
	texts     map[string]string
	forgotten map[string]string // what was written and is in no commit
	marks     []string          // texts of the owner's, each of which stands there once
	story     []string
}

func newProject(t *testing.T, seed uint64) *project {
	p := &project{Rand: rand.New(rand.NewPCG(seed, 1)), t: t}
	p.choices = blueprint.Choices{Name: "shop", Apps: []blueprint.App{{Name: "web", Runtime: "node", Hosting: one(p, "web-app", "container-app")}}}
	p.choices.Database.Kind = one(p, "none", "postgresql", "postgresql", "mysql")
	if p.IntN(3) == 0 {
		p.choices.Apps = append(p.choices.Apps, blueprint.App{Name: "api", Path: "api", Runtime: "go", Hosting: one(p, "container-app", "web-app")})
	}
	for _, kind := range []string{"redis", "blob-storage", "key-vault"} {
		if p.IntN(3) == 0 {
			p.choices.AddOns = append(p.choices.AddOns, blueprint.Service{Kind: kind})
		}
	}
	if p.IntN(2) == 0 {
		p.choices.Network = blueprint.NetworkPrivate
	}
	p.choices = p.choices.Complete()
	p.record = p.rendered(p.choices)
	p.texts = maps.Clone(p.record)
	if p.IntN(4) == 0 {
		p.forgotten = maps.Clone(p.record)
	}
	p.story = []string{p.choices.InitCommand()}
	return p
}

func one(p *project, list ...string) string { return list[p.IntN(len(list))] }

// rendered are the files of Terraform.
func (p *project) rendered(c blueprint.Choices) map[string]string {
	p.t.Helper()
	files, err := blueprint.Generator{Version: "v1.2.3"}.Render(c)
	if err != nil {
		p.t.Fatalf("%s: %v", strings.Join(p.story, "; "), err)
	}
	texts := map[string]string{}
	for _, f := range files {
		if path.Ext(f.Path) == ".tf" {
			texts[f.Path] = f.Text
		}
	}
	return texts
}

// change tries a command; "" when the choices are none.
func (p *project) change() string {
	services := []string{"postgresql", "mysql", "redis", "blob-storage", "key-vault", "mongodb", "application-insights"}
	command := one(p, "add", "remove", "remove", "set")
	var word string
	var next blueprint.Choices
	var err error
	switch command {
	case "add":
		word = one(p, services...)
		next, err = p.choices.Add(word)
	case "remove":
		word = one(p, services...)
		next, err = p.choices.Remove(word)
	case "set":
		word = one(p, "web.hosting=container-app", "web.hosting=web-app", "web.health=/a", "web.health=/b", "network=private", "network=public", "database.tier=general-purpose", "region=northeurope")
		key, value, _ := strings.Cut(word, "=")
		next, err = p.choices.Set(key, value)
	}
	if err != nil {
		return ""
	}
	command += " " + word
	tree := merge.Tree{
		Root: blueprint.TerraformFolder, Modules: blueprint.ModulesFolder,
		Recorded: map[string]string{}, Base: map[string]string{}, Now: p.rendered(p.choices), Next: p.rendered(next), Yours: maps.Clone(p.texts),
	}
	for name, text := range p.record {
		tree.Recorded[name] = aloft.BlobID(text)
		if p.forgotten[name] != text || p.texts[name] == text {
			tree.Base[name] = text
		}
	}
	merged, err := tree.Merge()
	switch {
	case aloft.ErrorCode(err) == aloft.CodeConflict:
		command += ": refused"
		if !regexp.MustCompile(`(?m)^terraform/[\w/-]+\.tf(:\d+)?: `).MatchString(err.Error()) {
			p.t.Errorf("%s: %s: the error names no file: %v", strings.Join(p.story, "; "), command, err)
		}
	case err != nil:
		p.t.Fatalf("%s: %s: %v", strings.Join(p.story, "; "), command, err)
	default:
		before := p.record
		p.choices, p.texts, p.record = next, merged.Texts, tree.Next
		for _, name := range merged.Stale {
			if merged.Texts[name] != tree.Next[name] {
				p.record[name] = before[name]
			}
		}
	}
	p.story = append(p.story, command)
	return command
}

// edit does what owners do.
func (p *project) edit() {
	mark := fmt.Sprintf("mine_%d", len(p.story))
	own := "terraform/" + mark + ".tf"
	name := one(p, slices.Sorted(maps.Keys(p.texts))...)
	root := one(p, "terraform/main.tf", "terraform/main.tf", "terraform/variables.tf", "terraform/outputs.tf", "terraform/providers.tf")
	block := one(p, append(blocksOf(p.texts[root]), "")...)
	what := one(p, "setting", "move", "move", "remark", "refer", "own", "argument", "module file", "another file", "rename", "copy", "default", "take out", "locals")
	switch what {
	case "setting":
		p.replace(`(?m)^  settings = \{\n`, "$0    "+mark+" = \"1\"\n", mark)
	case "move":
		if p.texts[root] != "" && block != "" {
			p.texts[root] = strings.Replace(p.texts[root], block, "", 1)
			p.texts[own] = block
		}
	case "remark":
		if lines := strings.SplitAfter(p.texts[name], "\n"); len(lines) > 2 && !strings.Contains(p.texts[name], "<<") {
			at := p.IntN(len(lines))
			p.texts[name] = strings.Join(slices.Insert(lines, at, "# "+mark+"\n"), "")
			if path.Dir(name) != "terraform" || at == 0 { // else it may go with a block that goes
				p.marks = append(p.marks, mark)
			}
		}
	case "refer":
		if found := regexp.MustCompile(`module\.[a-z_]+\.[a-z_]+|var\.[a-z_]+`).FindAllString(p.all(), -1); len(found) > 0 {
			p.add(own, fmt.Sprintf("output %q {\n  value = %s\n}\n", mark, one(p, found...)), mark)
		}
	case "own":
		if text := p.all(); !strings.Contains(text, `"redis_tier"`) {
			p.add(own, fmt.Sprintf("variable \"redis_tier\" {\n  default = \"1\"\n}\n\noutput %q {\n  value = var.redis_tier\n}\n", mark), mark)
		}
	case "argument":
		p.replace(`(?m)^module "(postgresql|mysql)" \{\n  source`, "module \"$1\" {\n  storage_gb = 256 # "+mark+"\n  source", mark)
	case "module file":
		if path.Dir(name) != "terraform" {
			p.add(name, p.texts[name]+"\n# "+mark+"\n", mark)
		}
	case "another file":
		if path.Dir(name) != "terraform" {
			p.add(path.Dir(name)+"/"+mark+".tf", "# "+mark+"\n", mark)
		}
	case "rename":
		if p.texts[root] != "" {
			p.texts[own] = p.texts[root]
			delete(p.texts, root)
		}
	case "copy":
		if strings.HasPrefix(block, "module ") && !strings.Contains(block, mark) {
			p.add(own, regexp.MustCompile(`^module "[^"]+"`).ReplaceAllString(block, `module "`+mark+`"`), mark)
		}
	case "default":
		p.replace(`(?m)^  default     = .*`, "$0 # "+mark, "") // which goes with the variable
	case "take out":
		p.replace(`(?ms)^output "resource_group" \{.*?^\}\n`, "", "")
	case "locals":
		p.add(own, fmt.Sprintf("locals {\n  %s = local.name\n}\n", mark), mark)
	}
	p.story = append(p.story, "("+what+" "+mark+" "+name+" "+root+")")
}

// add writes a file that holds a mark once.
func (p *project) add(name, text, mark string) {
	if strings.Contains(p.texts[name], mark) || name != path.Clean(name) {
		return
	}
	p.texts[name] = text
	p.marks = append(p.marks, mark)
}

// replace replaces the first place of main.tf or variables.tf that matches.
func (p *project) replace(pattern, with, mark string) {
	expression := regexp.MustCompile(pattern)
	for _, name := range slices.Sorted(maps.Keys(p.texts)) {
		at := expression.FindStringIndex(p.texts[name])
		if path.Dir(name) != "terraform" || at == nil {
			continue
		}
		text := p.texts[name]
		p.texts[name] = text[:at[0]] + expression.ReplaceAllString(text[at[0]:at[1]], with) + text[at[1]:]
		if mark != "" {
			p.marks = append(p.marks, mark)
		}
		return
	}
}

// all is the text of the root folder, without what only engines and providers need.
func (p *project) all() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(p.texts)) {
		if path.Dir(name) == "terraform" {
			for _, block := range blocksOf(p.texts[name]) {
				if !strings.HasPrefix(block, "terraform ") && !strings.HasPrefix(block, "provider ") {
					b.WriteString(block + "\n")
				}
			}
		}
	}
	return b.String()
}

// wrong says what does not fit together, and which edits are gone.
func (p *project) wrong(c *configurationChecker) []string {
	found := slices.DeleteFunc(c.checkTexts(p.all(), "", ""), func(text string) bool { return strings.HasSuffix(text, "is not used") })
	modules := blueprint.ModuleFS("azure")
	for _, call := range regexp.MustCompile(`"\./modules/([a-z-]+)"`).FindAllStringSubmatch(p.all(), -1) {
		for _, name := range []string{"main.tf", "variables.tf", "outputs.tf", "versions.tf"} {
			if _, err := modules.Open(call[1] + "/" + name); err != nil {
				continue
			}
			if p.texts["terraform/modules/"+call[1]+"/"+name] == "" {
				found = append(found, call[1]+" has no "+name)
			}
		}
	}
	whole := ""
	for _, text := range p.texts {
		whole += text
	}
	for _, mark := range p.marks {
		if n := len(regexp.MustCompile(`\b`+mark+`\b`).FindAllString(whole, -1)); n == 0 {
			found = append(found, mark+" is gone")
		}
	}
	return found
}
