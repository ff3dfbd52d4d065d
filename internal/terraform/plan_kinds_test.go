package terraform_test

import (
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/internal/terraform"
)

const beforeChange = `
variable "environment" {}
resource "terraform_data" "a" { input = "1" }
output "greeting" { value = "hello" }
output "hidden" {
  value     = "s3cret-1"
  sensitive = true
}
`

// TestPlanKnowsWhatTheEngineKnows changes everything that an apply would change
// without touching the world.
func TestPlanKnowsWhatTheEngineKnows(t *testing.T) {
	t.Parallel()
	const none = "Plan: 0 to add, 0 to change, 0 to destroy.\n"
	for rule, test := range map[string]struct {
		old, text string // replaced in what was applied; old "" = added
		want      string // of the summary; "" = nothing changes
		applied   string // in the log of the apply
	}{
		"nothing":             {text: "# a comment", applied: "no changes"},
		"an output changes":   {`"hello"`, `"welcome"`, "~ update output.greeting (\"hello\" → \"welcome\")\n" + none, "outputs change: 1"},
		"a secret one does":   {`"s3cret-1"`, `"s3cret-2"`, "~ update output.hidden ((sensitive) → (sensitive))\n" + none, "outputs change: 1"},
		"an output is new":    {"", "output \"more\" { value = [1] }", "+ create output.more\n" + none, "outputs change: 1"},
		"an output goes":      {`output "greeting" { value = "hello" }`, "", "- destroy output.greeting\n" + none, "outputs change: 1"},
		"a resource moves":    {`"terraform_data" "a" {`, "\"terraform_data\" \"b\" {", "> move terraform_data.b (was terraform_data.a)\n" + none, "Plan: 0 to add"},
		"one moves and more":  {`"terraform_data" "a" { input = "1" }`, `"terraform_data" "b" { input = "2" }`, "~ update terraform_data.b (was terraform_data.a) (input: \"1\" → \"2\")\nPlan: 0 to add, 1 to change, 0 to destroy.\n", ""},
		"a resource is freed": {`resource "terraform_data" "a" { input = "1" }`, "removed {\n  from = terraform_data.a\n  lifecycle {\n    destroy = false\n  }\n}", "# forget terraform_data.a\n" + none, "Plan: 0 to add"},
		"one is imported":     {"", "import {\n  to = terraform_data.i\n  id = \"7\"\n}\nresource \"terraform_data\" \"i\" {}\n", "= import terraform_data.i\n" + none, ""},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			twins(t, func(t *testing.T, e *terraform.Engine) {
				c, _, log := environment(t, map[string]string{"main.tf": beforeChange})
				mustApply(t, e, c)
				text := strings.Replace(beforeChange, test.old, test.text, 1)
				if test.old == "" {
					text = beforeChange + test.text
				}
				if strings.Contains(test.text, `"b" {`) {
					text += "moved {\n  from = terraform_data.a\n  to = terraform_data.b\n}\n"
				}
				write(t, c.Dir, map[string]string{"main.tf": text})
				plan, err := e.Plan(t.Context(), c, terraform.PlanOptions{})
				if err != nil {
					t.Fatal(err)
				}
				var shown strings.Builder
				terraform.WritePlan(&shown, plan)
				if plan.Empty() != (test.want == "") || plan.Other || test.want != "" && shown.String() != test.want {
					t.Errorf("the plan is\n%s\nempty: %v, want\n%s", shown.String(), plan.Empty(), test.want)
				}
				begun := len(log.String())
				applied, _ := mustApply(t, e, c)
				if applied.Empty() != plan.Empty() || len(applied.Changes) != len(plan.Changes) || len(applied.Outputs) != len(plan.Outputs) {
					t.Errorf("the apply tells of %+v", applied)
				}
				if told := log.String()[begun:]; !strings.Contains(told, test.applied) || test.want != "" && strings.Contains(told, "no changes") {
					t.Errorf("the apply writes\n%s", told)
				}
				if again, err := e.Plan(t.Context(), c, terraform.PlanOptions{}); err != nil || !again.Empty() {
					t.Errorf("then the plan is %+v, %v", again, err)
				}
			})
		})
	}
}

func TestPlanOfWhatIsNotListed(t *testing.T) {
	t.Parallel()
	for rule, test := range map[string]struct {
		exit  string
		other bool
	}{
		"the engine says that something changes": {"2", true},
		"the engine says that nothing does":      {"0", false},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			e := scripted(t, `if [ "$1" = show ]; then echo '{"format_version":"1.2"}'; else exit `+test.exit+`; fi`)
			c, _, _ := environment(t, map[string]string{"main.tf": ""})
			plan, err := e.Plan(t.Context(), c, terraform.PlanOptions{})
			if err != nil || plan.Other != test.other || plan.Empty() == test.other {
				t.Errorf("the plan is %+v, %v", plan, err)
			}
		})
	}
}
