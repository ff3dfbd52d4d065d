package provider

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/aloft-dev/aloft"
)

// diagnose tells the engine that something could not be done, why, and what to
// do about it. The secrets are masked wherever they occur.
func diagnose(d *diag.Diagnostics, summary string, err error, secrets ...string) {
	text := detail(err)
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "(sensitive)")
		}
	}
	d.AddError(summary, text)
}

// detail returns an error and its hint as text for people.
func detail(err error) string {
	text := sentence(err.Error())
	if hint := aloft.ErrorHint(err); hint != "" {
		if !strings.HasSuffix(text, ".") {
			text += "." // what shows it in one line puts the hint right behind it
		}
		text += "\n\n" + sentence(hint)
	}
	return text
}

// sentence starts text with a capital letter.
func sentence(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// missing reports whether err says that what was asked for does not exist.
func missing(err error) bool { return aloft.ErrorCode(err) == aloft.CodeNotFound }

func lastStep(p path.Path) string {
	steps := p.Steps()
	if len(steps) == 0 {
		return "value"
	}
	return steps[len(steps)-1].String()
}
