package web

import (
	"slices"

	"github.com/aloft-dev/aloft"
)

// planView is a plan for people.
type planView struct {
	aloft.Plan
	Counts []planCount
	Loses  []string // addresses whose data would be lost
	Rows   []changeView
	Drift  []changeView
}

type planCount struct {
	Number int
	Words  string
	Kind   string
}

type changeView struct {
	aloft.Change
	Sign, Kind string
}

// actionSigns are Terraform's own, and how each is to be taken.
var actionSigns = map[aloft.Action]struct{ sign, kind, words string }{
	aloft.ActionCreate:  {"+", "add", "to add"},
	aloft.ActionImport:  {"+", "add", "to import"},
	aloft.ActionUpdate:  {"~", "change", "to change"},
	aloft.ActionReplace: {"±", "replace", "to replace"},
	aloft.ActionDelete:  {"−", "remove", "to destroy"},
	aloft.ActionForget:  {"−", "remove", "to forget"},
	aloft.ActionMove:    {"→", "change", "to move"},
}

var actionOrder = []aloft.Action{
	aloft.ActionCreate, aloft.ActionImport, aloft.ActionUpdate, aloft.ActionReplace, aloft.ActionDelete, aloft.ActionForget, aloft.ActionMove,
}

func viewPlan(plan aloft.Plan) *planView {
	v := &planView{Plan: plan, Loses: plan.LosesData(), Rows: changeViews(slices.Concat(plan.Changes, plan.Outputs)), Drift: changeViews(plan.Drift)}
	counts := map[aloft.Action]int{}
	for _, c := range plan.Changes {
		counts[c.Action]++
	}
	for _, action := range actionOrder {
		if n := counts[action]; n > 0 {
			v.Counts = append(v.Counts, planCount{n, actionSigns[action].words, actionSigns[action].kind})
		}
	}
	if n := len(plan.Outputs); n > 0 {
		v.Counts = append(v.Counts, planCount{n, "outputs to change", "change"})
	}
	if plan.Other {
		v.Counts = append(v.Counts, planCount{1, "or more changes that the engine does not list", "change"})
	}
	return v
}

func changeViews(changes []aloft.Change) []changeView {
	var list []changeView
	for _, c := range changes {
		list = append(list, changeView{c, actionSigns[c.Action].sign, actionSigns[c.Action].kind})
	}
	return list
}
