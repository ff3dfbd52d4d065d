package blueprint

import (
	"fmt"
	"strings"
)

// readme returns terraform/README.md: what is here, how it is used, and how it
// is made again.
func readme(c Choices, notices []string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# Environments of %s\n", c.Name)
	line("Plain Terraform, made by Aloft and yours to change. Every branch `env-<name>` is an")
	line("environment with resources of its own; deleting the branch removes them.\n")
	if len(notices) > 0 {
		line("## What is otherwise than one might think\n")
		for _, notice := range notices {
			line("- %s", notice)
		}
		line("")
	}
	line("| file | what it is |")
	line("| --- | --- |")
	line("| `main.tf` | the environment: what it is made of |")
	if c.Target == TargetAzure {
		line("| `variables.tf` | its inputs, sizes among them |")
	} else {
		line("| `variables.tf` | its inputs |")
	}
	line("| `outputs.tf` | what Aloft deploys to: the output `apps` |")
	if c.Target == TargetAzure {
		line("| `providers.tf`, `backend.tf` | who makes it, and where the state is kept |")
		line("| `modules/` | one folder a service; change what you like |")
		line("| `environments/<name>.tfvars` | sizes of one environment, if it shall have its own |")
	} else {
		line("| `providers.tf` | who makes it |")
	}
	line("| `blueprint.yaml` | the choices, for `aloft add`, `remove`, `set` and `upgrade` |\n")
	b.WriteString(byHand(c))
	line("## Changing it\n")
	line("```sh")
	if kind := c.further(); kind != "" {
		line("%-48s# one more service; aloft remove takes it away", "aloft add "+kind)
	}
	if c.HasDatabase() && c.Target == TargetAzure {
		tiers := Tiers(c.Database.Kind)
		line("aloft set database.tier=%s --env prod", tiers[min(1, len(tiers)-1)].Value)
	}
	line("aloft upgrade                                   # newer modules; your edits stay")
	line("```\n")
	line("Resources of your own go beside ours, into a file of their own. This folder is")
	line("made again, from nothing, by:\n")
	line("```sh\n%s\n```", c.InitCommand())
	return b.String()
}

func byHand(c Choices) string {
	if c.Target != TargetAzure {
		return ""
	}
	engine := EngineCommand(c.Engine)
	key := c.Name + "/alice.tfstate"
	apply := " apply -var environment=alice"
	if c.guarded() {
		apply += ` -var 'deployer_ip_addresses=["<your public address>"]'`
	}
	return strings.Join([]string{
		"## By hand\n",
		"```sh",
		"az login",
		"export ARM_SUBSCRIPTION_ID=<subscription>",
		engine + " init -backend-config=resource_group_name=<group> -backend-config=storage_account_name=<account> -backend-config=key=" + key,
		engine + apply,
		"```\n\n",
	}, "\n")
}

// further is a service that could be added; "" = all are there.
func (c Choices) further() string {
	if c.Target != TargetAzure {
		if c.HasDatabase() {
			return ""
		}
		return PostgreSQL
	}
	for _, option := range AddOns() {
		if _, there := c.AddOn(option.Value); !there {
			return option.Value
		}
	}
	return ""
}
