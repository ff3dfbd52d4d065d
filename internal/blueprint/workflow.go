package blueprint

import (
	"strings"
)

// WorkflowFile is where GitHub looks for the workflow.
const WorkflowFile = ".github/workflows/aloft.yml"

// workflow returns the workflow that GitHub runs for every env-* branch.
func (g Generator) workflow(c Choices) File {
	w := workflow{g, c}
	return File{Path: WorkflowFile, Text: encode(w.file())}
}

// workflow writes the workflow of some choices: triggers and jobs here, the steps
// of the jobs in workflow_steps.go.
type workflow struct {
	generator Generator
	choices   Choices
}

func (w workflow) file() mapping {
	about := []string{
		"A push of branch env-NAME makes the environment NAME, or brings it to that",
		"commit; deleting the branch removes it. Made by `aloft init`; docs/workflow.md in",
		"https://github.com/aloft-dev/aloft tells what to set up once.",
	}
	return mapping{
		{key: "name", value: "Aloft", above: about},
		{key: "on", value: w.triggers()},
		{key: "permissions", value: mapping{}, above: []string{"Nothing but what a job names itself."}},
		{key: "defaults", value: mapping{{key: "run", value: mapping{{key: "shell", value: "bash"}}}}},
		{key: "env", value: mapping{{key: "ALOFT_PROJECT", value: w.choices.Name}}},
		{key: "jobs", value: mapping{w.up(), w.plan(), w.gone(), w.destroy()}},
	}
}

func (w workflow) triggers() mapping {
	branches := mapping{{key: "branches", value: []string{"env-*"}}}
	return mapping{
		{key: "push", value: branches},
		{key: "pull_request", value: branches},
		{key: "delete", above: []string{
			"GitHub takes the file of the default branch for the next two: merge it there,",
			"or no environment ends with its branch.",
		}},
		{key: "schedule", value: []mapping{{{key: "cron", value: "23 */6 * * *", above: []string{
			"The sweep: removes what a deleted branch has left, when its removal failed.",
		}}}}},
		{key: "workflow_dispatch", value: mapping{{key: "inputs", value: mapping{
			{key: "operation", value: mapping{
				{key: "description", value: "What to do"},
				{key: "type", value: "choice"},
				{key: "options", value: []string{"plan", "up", "destroy"}},
				{key: "default", value: "plan"},
			}},
			{key: "environment", value: mapping{
				{key: "description", value: "Branch of the environment, such as env-alice; none = the branch above"},
				{key: "type", value: "environment"},
			}},
		}}}},
	}
}

// The conditions and names that several jobs share. What a person or a branch
// name can set reaches a shell by a variable only, never as part of a script.
const (
	chosen     = "inputs.environment || github.ref_name"
	dispatched = "startsWith(" + chosen + ", 'env-')"
)

func (w workflow) up() entry {
	steps := append(w.toolchains(), w.ready(letIn)...)
	steps = append(steps, step{
		name: "Provision, build, deploy, verify", id: "up",
		run: []string{`aloft up --summary "$GITHUB_STEP_SUMMARY" --output "$GITHUB_OUTPUT" -- "$BRANCH"`},
	})
	return w.job(job{
		id: "up", about: []string{"Brings an environment to its branch."},
		condition: []string{
			"(github.event_name == 'push' && !github.event.deleted)",
			"|| (inputs.operation == 'up' && " + dispatched + ")",
		},
		permissions: w.permissions("contents: read"),
		branch:      chosen,
		environment: mapping{{key: "url", value: "${{ steps.up.outputs.url }}"}},
		revision:    "inputs.environment || github.sha",
		steps:       steps,
	})
}

func (w workflow) plan() entry {
	plan := step{
		name: "Plan", id: "plan",
		run: []string{`aloft plan --summary "$RUNNER_TEMP/plan.md" --summary "$GITHUB_STEP_SUMMARY" -- "$BRANCH"`},
	}
	if w.choices.guarded() {
		plan = guardedPlan()
	}
	steps := append(w.ready(findAddress), plan, step{
		name: "Put the plan into the pull request", above: []string{"One comment, edited in place; a plan that failed is shown too."},
		condition: "!cancelled() && github.event_name == 'pull_request' && steps.plan.outcome != 'skipped'",
		env:       mapping{{key: "GH_TOKEN", value: "${{ github.token }}"}, {key: "NUMBER", value: "${{ github.event.number }}"}},
		run: []string{
			`marker="<!-- aloft plan -->"`,
			`{ echo "$marker"; cat "$RUNNER_TEMP/plan.md"; } > "$RUNNER_TEMP/comment.md"`,
			`ours='.[] | select(.user.login == "github-actions[bot]" and (.body | startswith("<!-- aloft plan -->"))) | .id'`,
			`known="$(gh api --paginate "repos/$GITHUB_REPOSITORY/issues/$NUMBER/comments?per_page=100" --jq "$ours")"`,
			`if [ -n "$known" ]; then`,
			`  gh api --silent -X PATCH "repos/$GITHUB_REPOSITORY/issues/comments/${known%%$'\n'*}" -F "body=@$RUNNER_TEMP/comment.md"`,
			`else`,
			`  gh api --silent "repos/$GITHUB_REPOSITORY/issues/$NUMBER/comments" -F "body=@$RUNNER_TEMP/comment.md"`,
			`fi`,
		},
	})
	if w.choices.guarded() {
		steps = append(steps, shutOut())
	}
	return w.job(job{
		id: "plan", about: []string{
			"Shows what a pull request would change. One from a fork gets no credentials, so",
			"there is no plan of it.",
		},
		condition: []string{
			"(github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository)",
			"|| (inputs.operation == 'plan' && " + dispatched + ")",
		},
		permissions: w.permissions("contents: read", "pull-requests: write"),
		branch:      "github.base_ref || " + chosen,
		environment: mapping{{key: "deployment", value: false}},
		revision:    "inputs.environment || github.sha",
		plans:       true,
		steps:       steps,
	})
}

// gone finds what is to be destroyed. It needs no credentials but GitHub's own:
// an environment that this workflow made has a deployment there, and those that
// people made by hand have none, so the sweep leaves them alone.
func (w workflow) gone() entry {
	find := step{
		name: "Find them", id: "gone",
		env: mapping{{key: "GH_TOKEN", value: "${{ github.token }}"}, {key: "BRANCH", value: "${{ github.event_name == 'delete' && github.event.ref || " + chosen + " }}"}},
		run: []string{
			`api="repos/$GITHUB_REPOSITORY"`,
			`names="$BRANCH"`,
			`if [ "$GITHUB_EVENT_NAME" = schedule ]; then`,
			`  names="$(gh api --paginate "$api/environments?per_page=100" --jq '.environments[].name')"`,
			`fi`,
			`branches="$(gh api --paginate "$api/git/matching-refs/heads/env-" --jq '.[].ref')"`,
			`list=""`,
			`while read -r name; do`,
			`  # Other names than these are no environment's: there is nothing to remove.`,
			`  [[ "$name" =~ ^env-[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$ ]] || continue`,
			`  revision="$GITHUB_SHA"`,
			`  if [ "$GITHUB_EVENT_NAME" != workflow_dispatch ]; then`,
			`    if grep -qx "refs/heads/$name" <<< "$branches"; then continue; fi`,
			`    newest=""`,
			`    deployments="$(gh api "$api/deployments?environment=$name&per_page=30" --jq '.[] | "\(.id) \(.sha)"')"`,
			`    while read -r id sha && [ -n "$id" ]; do`,
			`      state="$(gh api "$api/deployments/$id/statuses?per_page=1" --jq '.[0].state')"`,
			`      newest="${newest:-$state}"`,
			`      if [ "$newest" = inactive ]; then break; fi`,
			`      # The Terraform that made it knows best how to remove it.`,
			`      if [ "$state" = success ]; then`,
			`        if gh api --silent "$api/commits/$sha"; then revision="$sha"; fi`,
			`        break`,
			`      fi`,
			`    done <<< "$deployments"`,
			`    # Nothing was deployed, or it is removed already.`,
			`    if [ "$GITHUB_EVENT_NAME" = schedule ] && [ "${newest:-inactive}" = inactive ]; then continue; fi`,
			`  fi`,
			`  list="${list:+$list,}{\"environment\":\"$name\",\"revision\":\"$revision\"}"`,
			`done <<< "$names"`,
			`if [ -n "$list" ]; then echo "matrix={\"include\":[$list]}" >> "$GITHUB_OUTPUT"; fi`,
		},
	}
	return entry{key: "gone", above: []string{
		"Lists the environments to remove: the deleted branch's, the chosen one, or by the",
		"schedule those that this workflow has deployed and whose branch is no more.",
	}, value: mapping{
		{key: "if", value: "github.event_name == 'schedule'" +
			" || (github.event_name == 'delete' && github.event.ref_type == 'branch' && startsWith(github.event.ref, 'env-'))" +
			" || (inputs.operation == 'destroy' && " + dispatched + ")"},
		{key: "runs-on", value: w.runner()},
		{key: "permissions", value: permissions("contents: read", "actions: read", "deployments: read")},
		{key: "outputs", value: mapping{{key: "matrix", value: "${{ steps.gone.outputs.matrix }}"}}},
		{key: "steps", value: []mapping{find.mapping()}},
	}}
}

func (w workflow) destroy() entry {
	still := "steps.branch.outputs.back != 'true'"
	run := []string{`aloft destroy --summary "$GITHUB_STEP_SUMMARY" -- "$BRANCH"`}
	if w.choices.Target == TargetLocal {
		run = []string{
			`# 3: the server knows no such environment, so there is nothing to remove.`,
			run[0] + ` || [ "$?" = 3 ]`,
		}
	}
	steps := append(w.ready(letIn), step{
		name: "Look for the branch once more", id: "branch", above: []string{"It may be back: a job waits for its turn."},
		condition: "github.event_name != 'workflow_dispatch'",
		env:       mapping{{key: "GH_TOKEN", value: "${{ github.token }}"}},
		run: []string{
			`branches="$(gh api --paginate "repos/$GITHUB_REPOSITORY/git/matching-refs/heads/env-" --jq '.[].ref')"`,
			`if grep -qxF "refs/heads/$BRANCH" <<< "$branches"; then`,
			`  echo "back=true" >> "$GITHUB_OUTPUT"`,
			`  echo "$BRANCH is back, so its environment stays." >> "$GITHUB_STEP_SUMMARY"`,
			`fi`,
		},
	}, step{
		name: "Destroy", condition: still, run: run,
	}, step{
		name: "End its deployments", condition: still, above: []string{"The sweep looks for those that have not ended."},
		env: mapping{{key: "GH_TOKEN", value: "${{ github.token }}"}},
		run: []string{
			`api="repos/$GITHUB_REPOSITORY/deployments"`,
			`deployments="$(gh api --paginate "$api?environment=$BRANCH&per_page=100" --jq '.[].id')"`,
			`for id in $deployments; do`,
			`  gh api --silent "$api/$id/statuses" -f state=inactive`,
			`done`,
		},
	})
	return w.job(job{
		id: "destroy", about: []string{"Removes environments, with the Terraform of the commit that made them."},
		title: "destroy ${{ matrix.environment }}", needs: "gone",
		condition:   []string{"needs.gone.outputs.matrix != ''"},
		permissions: w.permissions("contents: read", "deployments: write"),
		matrix:      "fromJSON(needs.gone.outputs.matrix || '{}')",
		branch:      "matrix.environment",
		environment: mapping{{key: "deployment", value: false}},
		revision:    "matrix.revision",
		steps:       steps,
	})
}

// job is one that works on an environment with the target's credentials.
type job struct {
	id          string
	about       []string
	title       string // "" = its id
	needs       string
	condition   []string
	permissions mapping
	matrix      string  // expression; "" = there is one environment
	branch      string  // expression for the environment's branch
	environment mapping // of GitHub, besides its name
	plans       bool    // it changes nothing
	revision    string  // expression for what is checked out
	steps       []step
}

func (w workflow) job(j job) entry {
	branch := "${{ " + j.branch + " }}"
	group, why := "aloft-"+branch, "One at a time for each environment, and what has begun is never cut off."
	if j.plans {
		group, why = "aloft-plan-"+branch+"-${{ github.event.number }}", "A plan changes nothing, so it takes no turn of those that do, nor of another pull request's."
	}
	var m mapping
	if j.title != "" {
		m = append(m, entry{key: "name", value: j.title})
	}
	if j.needs != "" {
		m = append(m, entry{key: "needs", value: j.needs})
	}
	m = append(m,
		entry{key: "if", value: strings.Join(j.condition, " ")},
		entry{key: "runs-on", value: w.runner()},
		entry{key: "permissions", value: j.permissions},
	)
	if j.matrix != "" {
		m = append(m, entry{key: "strategy", value: mapping{
			{key: "fail-fast", value: false},
			{key: "matrix", value: "${{ " + j.matrix + " }}"},
		}})
	}
	steps := []mapping{w.checkout(j.revision).mapping()}
	for _, s := range j.steps {
		steps = append(steps, s.mapping())
	}
	return entry{key: j.id, above: j.about, value: append(m,
		entry{key: "environment", value: append(mapping{{key: "name", value: branch}}, j.environment...)},
		entry{key: "concurrency", above: []string{why}, value: mapping{
			{key: "group", value: group},
			{key: "cancel-in-progress", value: false},
		}},
		entry{key: "env", value: append(mapping{{key: "BRANCH", value: branch}}, w.settings()...)},
		entry{key: "steps", value: steps},
	)}
}

// permissions adds to what a job needs on GitHub what the target asks for.
func (w workflow) permissions(list ...string) mapping {
	if w.choices.Target == TargetAzure {
		list = append(list, "id-token: write")
	}
	return permissions(list...)
}

func permissions(list ...string) mapping {
	var m mapping
	for _, line := range list {
		scope, level, _ := strings.Cut(line, ": ")
		m = append(m, entry{key: scope, value: level})
	}
	return m
}

// runner is where jobs run; a repository variable chooses another.
func (w workflow) runner() string {
	if w.choices.Target == TargetLocal {
		return "${{ vars.ALOFT_RUNNER || 'self-hosted' }}"
	}
	return "${{ vars.ALOFT_RUNNER || 'ubuntu-latest' }}"
}
