package merge_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/merge"
)

func TestTree(t *testing.T) {
	const module = "terraform/modules/x/main.tf"
	with := "module \"x\" {\n  source = \"./modules/x\"\n}\n"
	for _, test := range []struct {
		name                 string
		written, yours, next map[string]string // texts by path; of yours what is otherwise
		want                 map[string]string
		wrong                string // in the error
		told                 string // a conflict or a notice
	}{
		{"a module that is rendered no more goes",
			map[string]string{"terraform/main.tf": with, module: "output \"y\" {\n}\n"}, nil, map[string]string{"terraform/main.tf": "# Main.\n"},
			map[string]string{"terraform/main.tf": "# Main.\n"}, "", ""},
		{"an edited one stays as a whole",
			map[string]string{"terraform/main.tf": with, module: "# 1\n", "terraform/modules/x/outputs.tf": "# 2\n"}, map[string]string{module: "# mine\n"}, map[string]string{"terraform/main.tf": "# Main.\n"},
			map[string]string{"terraform/main.tf": "# Main.\n", module: "# mine\n", "terraform/modules/x/outputs.tf": "# 2\n"}, "", "edited, so the whole folder stays"},
		{"one with a file of its user's stays as a whole",
			map[string]string{"terraform/main.tf": with, module: "# 1\n"}, map[string]string{"terraform/modules/x/a.json": ""}, map[string]string{"terraform/main.tf": "# Main.\n"},
			map[string]string{"terraform/main.tf": "# Main.\n", module: "# 1\n", "terraform/modules/x/a.json": ""}, "", "a file of yours, so the whole folder stays"},
		{"one that is called stays",
			map[string]string{"terraform/main.tf": with, module: "# 1\n"}, map[string]string{"terraform/mine.tf": strings.Replace(with, `"x"`, `"mine"`, 1)}, map[string]string{"terraform/main.tf": "# Main.\n"},
			map[string]string{"terraform/main.tf": "# Main.\n", module: "# 1\n", "terraform/mine.tf": strings.Replace(with, `"x"`, `"mine"`, 1)}, "", "module.mine in terraform/mine.tf calls it"},
		{"one whose call was edited is not taken away",
			map[string]string{"terraform/main.tf": with, module: "# 1\n"}, map[string]string{"terraform/main.tf": strings.Replace(with, "\n}", "\n  count = 1\n}", 1)}, map[string]string{"terraform/main.tf": "# Main.\n"},
			nil, "terraform/main.tf:1: module.x was edited, and would go", ""},
		{"a folder of the user's is taken for the module, if it fits",
			map[string]string{"terraform/main.tf": "# Main.\n"}, map[string]string{module: "# mine\n"}, map[string]string{"terraform/main.tf": with, module: "# 1\n"},
			map[string]string{"terraform/main.tf": with, module: "# mine\n"}, "", module},
		{"and refused if it does not",
			map[string]string{"terraform/main.tf": "# Main.\n"}, map[string]string{module: "variable \"mine\" {\n}\n"}, map[string]string{"terraform/main.tf": with, module: "# 1\n"},
			nil, "terraform/main.tf: module.x lacks mine, which terraform/modules/x needs", ""},
		{"empty files of the user's stay",
			map[string]string{"terraform/main.tf": "# Main.\n"}, map[string]string{"terraform/mine.tf": ""}, map[string]string{"terraform/main.tf": "# Main.\nlocals {\n}\n"},
			map[string]string{"terraform/main.tf": "# Main.\nlocals {\n}\n", "terraform/mine.tf": ""}, "", ""},
		{"an override is no block of its own",
			map[string]string{"terraform/main.tf": with, module: "# 1\n"}, map[string]string{"terraform/override.tf": "module \"x\" {\n  count = 1\n}\n"}, map[string]string{"terraform/main.tf": "# Main.\n", module: "# 1\n"},
			nil, "terraform/override.tf:1: module.x is referred to, and would not be there", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			tree := merge.Tree{Root: "terraform", Modules: "terraform/modules", Recorded: map[string]string{}, Base: test.written, Next: test.next, Yours: maps.Clone(test.written)}
			for name, text := range test.written {
				tree.Recorded[name] = aloft.BlobID(text)
			}
			maps.Copy(tree.Yours, test.yours)
			got, err := tree.Merge()
			if test.wrong != "" {
				if aloft.ErrorCode(err) != aloft.CodeConflict || !strings.Contains(err.Error(), test.wrong) {
					t.Errorf("error %v, want %s", err, test.wrong)
				}
				return
			}
			if err != nil || !maps.Equal(got.Texts, test.want) {
				t.Errorf("got %q (%v), want %q", got.Texts, err, test.want)
			}
			told := slices.Concat(got.Notices, got.Foreign)
			for _, list := range got.Conflicts {
				told = append(told, list[0].Yours)
			}
			if test.told == "" && len(told) > 0 || !strings.Contains(strings.Join(told, "\n"), test.told) {
				t.Errorf("told %q, want %q", told, test.told)
			}
		})
	}
}
