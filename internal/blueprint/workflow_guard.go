package blueprint

import "slices"

// findAddress tells the next steps the addresses of the runner: those that the
// repository tells, or RUNNER_ADDRESS, the one that a server outside sees.
func findAddress() step {
	return step{
		name: "Find this runner's address", above: []string{
			"The key vault admits nobody but the apps' network and the runner. Its address is what",
			"a server outside sees, since a runner cannot know it. Runners with fixed addresses:",
			`set the variable ALOFT_DEPLOYER_IP_ADDRESSES, such as ["203.0.113.7"].`,
		},
		env: toldAddresses,
		run: append(addresses(`  echo "RUNNER_ADDRESS=$address" >> "$GITHUB_ENV"`),
			`echo "TF_VAR_deployer_ip_addresses=${ADDRESSES//[$'\r\n']/}" >> "$GITHUB_ENV"`),
	}
}

var toldAddresses = mapping{{key: "ADDRESSES", value: "${{ vars.ALOFT_DEPLOYER_IP_ADDRESSES }}"}}

// addresses are lines that find out ADDRESSES, a list of Terraform; more lines
// are run where it was not told, and address is known.
func addresses(more ...string) []string {
	return slices.Concat([]string{
		`if [ -z "$ADDRESSES" ]; then`,
		`  address="$(curl --fail --silent --show-error --retry 5 --max-time 20 https://checkip.amazonaws.com)"`,
		`  if ! [[ "$address" =~ ^[0-9]+(\.[0-9]+){3}$ ]]; then`,
		`    echo "::error::cannot tell this runner's address; set the repository variable ALOFT_DEPLOYER_IP_ADDRESSES"`,
		`    exit 1`,
		`  fi`,
		`  ADDRESSES="[\"$address\"]"`,
	}, more, []string{`fi`})
}

// admit are lines that let the addresses of list into a vault, and wait until
// that counts.
var admit = []string{
	`az keyvault network-rule add --name "$vault" --resource-group "$group" --ip-address "${list[@]}" --output none`,
	`for try in {1..30}; do # it takes a while to count`,
	`  if az keyvault secret list --vault-name "$vault" --maxresults 1 --output none; then break; fi`,
	`  sleep 5`,
	`done`,
}

// admitted are the addresses that a vault admits.
const admitted = `"$(az keyvault network-rule list --name "$vault" --resource-group "$group" --query 'ipRules[].value' --output tsv)"`

// guardedPlan plans where a vault must admit the runner. The plan shows no change
// of addresses: Terraform is told those that the vault had. An apply at the same
// time makes the vault's list anew, and the plan is tried again.
func guardedPlan() step {
	return step{
		name: "Plan", id: "plan", above: []string{
			"The vault admits this runner meanwhile. An `up` at the same time makes the vault's",
			"list anew, without this runner: then the plan is made again.",
		},
		run: slices.Concat(
			[]string{
				`read -ra list <<< "${TF_VAR_deployer_ip_addresses//[^0-9a-f.:\/]/ }"`,
				`for attempt in {1..3}; do`,
			},
			indented(forEachVault(slices.Concat([]string{
				`if [ -n "$RUNNER_ADDRESS" ]; then # what is there is no change`,
				`  known=` + admitted,
				`  deployers=""`,
				`  for ip in $known; do deployers="${deployers:+$deployers,}\"${ip%/32}\""; done`,
				`  export TF_VAR_deployer_ip_addresses="[$deployers]" TF_VAR_planner_ip_addresses="[\"$RUNNER_ADDRESS\"]"`,
				`fi`,
			}, admit)...)),
			[]string{
				`  rm -f "$RUNNER_TEMP/plan.md"`,
				`  code=0`,
				`  aloft plan --summary "$RUNNER_TEMP/plan.md" -- "$BRANCH" || code=$?`,
				`  if [ "$code" = 0 ]; then break; fi`,
				`  again=""`,
			},
			indented(forEachVault(
				`known=`+admitted,
				`if ! grep -qF "${list[0]}" <<< "$known"; then again=true; fi`,
			)),
			[]string{
				`  if [ -z "$again" ]; then break; fi`,
				`done`,
				`cat "$RUNNER_TEMP/plan.md" >> "$GITHUB_STEP_SUMMARY"`,
				`exit "$code"`,
			}),
	}
}

func indented(lines []string) []string {
	list := make([]string, len(lines))
	for i, line := range lines {
		list[i] = "  " + line
	}
	return list
}

// letIn opens the firewall of the key vault to the runner: through Terraform,
// which makes and keeps the list, and by hand where the vault is there already,
// since Terraform reads its secrets before it changes anything.
func letIn() step {
	return step{
		name: "Let this runner into the key vault", above: []string{
			"The vault admits nobody but the apps' network and this address. It is what a server",
			"outside sees, since a runner cannot know it; a wrong answer would shut this run out",
			"and open nothing, for the vault asks everybody for an identity as well. Runners with",
			"fixed addresses: set the variable ALOFT_DEPLOYER_IP_ADDRESSES, such as",
			`["203.0.113.7"], and nobody is asked. A vault that is there must know the address`,
			"before Terraform reads its secrets.",
		},
		env: toldAddresses,
		run: slices.Concat(addresses(), []string{
			`echo "TF_VAR_deployer_ip_addresses=${ADDRESSES//[$'\r\n']/}" >> "$GITHUB_ENV"`,
			`read -ra list <<< "${ADDRESSES//[^0-9a-f.:\/]/ }"`,
		}, forEachVault(admit...)),
	}
}

// shutOut undoes what guardedPlan lets in.
func shutOut() step {
	return step{
		name: "Shut this runner out again", condition: "always() && vars.ALOFT_DEPLOYER_IP_ADDRESSES == ''",
		run: slices.Concat([]string{
			`if [ -z "$RUNNER_ADDRESS" ]; then exit 0; fi`,
		}, forEachVault(
			`az keyvault network-rule remove --name "$vault" --resource-group "$group" --ip-address "$RUNNER_ADDRESS" --output none`,
		)),
	}
}

// forEachVault runs lines of a script for every key vault of the environment.
func forEachVault(lines ...string) []string {
	script := []string{
		`group="rg-$ALOFT_PROJECT-${BRANCH#env-}"`,
		`exists="$(az group exists --name "$group")"`,
		`if [ "$exists" = true ]; then`,
		`  vaults="$(az keyvault list --resource-group "$group" --query '[].name' --output tsv)"`,
		`  for vault in $vaults; do`,
	}
	for _, line := range lines {
		script = append(script, "    "+line)
	}
	return append(script, `  done`, `fi`)
}
