package run_test

import "testing"

// What an engine writes beside the Terraform files while apps are built is in no
// artifact, whichever of the two is faster; what the commit has there is.
func TestWhatAnEngineWritesIsInNoArtifact(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"terraform", "infra/live", "."} {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			inside := func(name string) string {
				if folder == "." {
					return name
				}
				return folder + "/" + name
			}
			h.repository.files["aloft.yaml"] += "\nterraform: " + folder + "\n"
			h.repository.files[inside("main.tf")] = "# commit"
			h.repository.files[inside("modules/x/main.tf")] = "# commit"
			h.push("c1")
			h.reconcile()
			foreign := h.builder.last.Foreign
			if foreign == nil {
				t.Fatalf("nothing is foreign:\n%s", h.log(1))
			}
			for name, want := range map[string]bool{
				inside("main.tf"): false, inside("modules/x/main.tf"): false, "aloft.yaml": false,
				inside("aloft_backend_override.tf"): true, inside(".terraform.lock.hcl"): true, inside("errored.tfstate"): true,
				inside("modules/x/new"): true, "elsewhere": folder == ".",
			} {
				if got := foreign(name); got != want {
					t.Errorf("%s is foreign: %v", name, got)
				}
			}
		})
	}
}
