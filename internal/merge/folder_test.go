package merge_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/internal/merge"
)

// Engines read the files of a folder as one; so are they merged.
func TestFolder(t *testing.T) {
	type texts = map[string]string
	for _, test := range []struct {
		name      string
		folder    merge.Folder
		want      texts
		conflicts map[string][]merge.Conflict
		blocked   []merge.Blocked
	}{
		{"a block that was moved is changed where it stands",
			merge.Folder{
				Base:  texts{"a.tf": "x \"a\" {\n  n = 1\n}\n\nx \"b\" {\n  n = 1\n}\n"},
				Yours: texts{"a.tf": "x \"b\" {\n  n = 1\n}\n", "mine.tf": "# Mine.\nx \"a\" {\n  n = 1\n  m = 2\n}\n"},
				Next:  texts{"a.tf": "x \"a\" {\n  n = 3\n}\n\nx \"b\" {\n  n = 1\n}\n"},
			},
			texts{"a.tf": "x \"b\" {\n  n = 1\n}\n", "mine.tf": "# Mine.\nx \"a\" {\n  n = 3\n  m = 2\n}\n"}, nil, nil},
		{"a block that was moved goes from where it stands, and nothing is left",
			merge.Folder{
				Base:  texts{"a.tf": "x \"a\" {\n}\n\nx \"b\" {\n}\n"},
				Yours: texts{"a.tf": "x \"b\" {\n}\n", "mine.tf": "x \"a\" {\n}\n"},
				Next:  texts{"a.tf": "x \"b\" {\n}\n"},
			},
			texts{"a.tf": "x \"b\" {\n}\n", "mine.tf": ""}, nil, nil},
		{"the order in a block is no edit",
			merge.Folder{
				Base:  texts{"a.tf": "x \"a\" {\n  n = 1\n  m = { a = 1, b = [1] }\n  y {\n  }\n  z {\n  }\n}\n"},
				Yours: texts{"a.tf": "x \"a\" {\n  z {\n  }\n  y {\n  }\n  m = {\n    b = [\n      1,\n    ]\n    a = 1\n  }\n  n = 1\n}\n# Mine.\n"},
				Next:  texts{"a.tf": ""},
			},
			texts{"a.tf": "# Mine.\n"}, nil, nil},
		{"a new block where one of that name stands in another file",
			merge.Folder{
				Base:  texts{"a.tf": ""},
				Yours: texts{"a.tf": "", "mine.tf": "x \"a\" {\n  n = 2\n}\n"},
				Next:  texts{"a.tf": "x \"a\" {\n  n = 1\n}\n"},
			},
			texts{"a.tf": "", "mine.tf": "x \"a\" {\n  n = 2\n}\n"},
			map[string][]merge.Conflict{"mine.tf": {{Place: "x.a", Yours: "a block of yours", Ours: "x \"a\" { n = 1 }"}}},
			[]merge.Blocked{{File: "mine.tf", Address: "x.a"}}},
		{"locals of one's own are no conflict",
			merge.Folder{
				Base:  texts{"a.tf": "locals {\n  a = 1\n}\n"},
				Yours: texts{"a.tf": "# Mine.\nlocals {\n  a = 1\n}\n", "0.tf": "locals {\n  mine = 1\n}\n"},
				Next:  texts{"a.tf": "locals {\n  a = 2\n}\n"},
			},
			texts{"a.tf": "# Mine.\nlocals {\n  a = 2\n}\n", "0.tf": "locals {\n  mine = 1\n}\n"}, nil, nil},
		{"a first block of locals is written beside one's own",
			merge.Folder{
				Base:  texts{"a.tf": "b = 1\n"},
				Yours: texts{"a.tf": "b = 1 # mine\n", "0.tf": "locals {\n  mine = 1\n}\n"},
				Next:  texts{"a.tf": "b = 1\n\nlocals {\n  a = 2\n}\n"},
			},
			texts{"a.tf": "b = 1 # mine\n\nlocals {\n  a = 2\n}\n", "0.tf": "locals {\n  mine = 1\n}\n"}, nil, nil},
		{"a newer rendering has a block in another file",
			merge.Folder{
				Base:  texts{"a.tf": "x \"a\" {\n}\n", "c.tf": "c = 1\n"},
				Yours: texts{"a.tf": "x \"a\" {\n}\n", "c.tf": "c = 1 # mine\n"},
				Next:  texts{"b.tf": "# New.\nx \"a\" {\n}\n", "c.tf": "c = 1\n"},
			},
			texts{"a.tf": "", "b.tf": "# New.\nx \"a\" {\n}\n", "c.tf": "c = 1 # mine\n"}, nil, nil},
		{"a newer rendering has an edited block in another file: it stays",
			merge.Folder{
				Base:  texts{"a.tf": "x \"a\" {\n  n = 1\n}\n"},
				Yours: texts{"a.tf": "x \"a\" {\n  n = 1\n  m = 1\n}\n"},
				Next:  texts{"b.tf": "x \"a\" {\n  n = 2\n}\n"},
			},
			texts{"a.tf": "x \"a\" {\n  n = 2\n  m = 1\n}\n", "b.tf": ""}, nil, nil},
		{"a file that its owner has taken out stays out, but for what is new",
			merge.Folder{
				Base:  texts{"a.tf": "x \"a\" {\n  n = 1\n}\n", "b.tf": "b = 1\n"},
				Yours: texts{"b.tf": "b = 1\n"},
				Next:  texts{"a.tf": "x \"a\" {\n  n = 2\n}\n\n# New.\nx \"b\" {\n}\n", "b.tf": "b = 1\n"},
			},
			texts{"a.tf": "# New.\nx \"b\" {\n}\n", "b.tf": "b = 1\n"}, nil, nil},
		{"nobody knows what it was made from: what is missing is new, what is otherwise stays",
			merge.Folder{
				Base:    texts{"a.tf": "x \"a\" {\n  n = 1\n  m = 1\n  o = 1\n}\n\nx \"b\" {\n}\n"},
				Yours:   texts{"a.tf": "x \"a\" {\n  n = 5\n  o = 1\n}\n"},
				Next:    texts{"a.tf": "x \"a\" {\n  n = 1\n  m = 1\n  o = 2\n}\n\nx \"b\" {\n}\n"},
				Guessed: map[string]bool{"a.tf": true},
			},
			texts{"a.tf": "x \"a\" {\n  n = 5\n  o = 2\n  m = 1\n}\n\nx \"b\" {\n}\n"}, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.folder.Merge()
			if err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(got.Texts, test.want) {
				t.Errorf("got %q\nwant %q", got.Texts, test.want)
			}
			if !maps.EqualFunc(got.Conflicts, test.conflicts, slices.Equal) || !slices.Equal(got.Blocked, test.blocked) {
				t.Errorf("conflicts %+v, blocked %+v", got.Conflicts, got.Blocked)
			}
		})
	}
}

// FuzzFolder merges a change into a folder of anything: what comes out can be
// read again, and without a change it is what it was.
func FuzzFolder(f *testing.F) {
	f.Add("x \"a\" {\n  n = 1\n}\n", "x \"a\" {\n  n = 1\n  m = 1\n}\n", "locals {\n  a = 1\n}\n", "x \"a\" {\n  n = 2\n}\n", false)
	f.Add("locals {\n}\n", "locals {\n}\nlocals {\n}\n", "terraform {\n}\n", "terraform {\n}\n", true)
	f.Add("a \"b\" {\n}\n", "", "a \"b\" {\n}\n", "", false)
	f.Fuzz(func(t *testing.T, base, yours, mine, next string, guessed bool) {
		folder := merge.Folder{
			Base: map[string]string{"a.tf": base}, Yours: map[string]string{"a.tf": yours, "b.tf": mine}, Next: map[string]string{"a.tf": next, "c.tf": base},
			Guessed: map[string]bool{"a.tf": guessed},
		}
		if got, err := folder.Merge(); err == nil {
			if _, err := (merge.Folder{Base: folder.Next, Yours: got.Texts, Next: map[string]string{"a.tf": ""}}).Merge(); err != nil && !strings.Contains(err.Error(), "no room") {
				t.Fatalf("what came out cannot be merged again: %v\n%q", err, got.Texts)
			}
		}
		folder.Next, folder.Guessed = folder.Base, map[string]bool{"c.tf": false}
		if again, err := folder.Merge(); err == nil && !maps.Equal(again.Texts, folder.Yours) {
			t.Fatalf("no change changed it: %q became %q", folder.Yours, again.Texts)
		}
	})
}
