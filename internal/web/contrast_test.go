package web_test

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"
)

var variable = regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`)

// palettes returns the colours of the style, light and dark.
func palettes(t *testing.T) map[string]map[string]string {
	t.Helper()
	style, err := os.ReadFile("assets/aloft.css")
	if err != nil {
		t.Fatal(err)
	}
	light, rest, _ := strings.Cut(string(style), "@media (prefers-color-scheme: dark)")
	dark, _, _ := strings.Cut(rest, "\n}\n")
	list := map[string]map[string]string{"light": {}, "dark": {}}
	for name, text := range map[string]string{"light": light, "dark": dark} {
		for _, match := range variable.FindAllStringSubmatch(text, -1) {
			list[name][match[1]] = match[2]
		}
	}
	return list
}

// luminance is WCAG 2's relative luminance of a colour.
func luminance(colour string) float64 {
	var rgb [3]uint8
	fmt.Sscanf(colour, "%02x%02x%02x", &rgb[0], &rgb[1], &rgb[2])
	var linear [3]float64
	for i, c := range rgb {
		v := float64(c) / 255
		if linear[i] = v / 12.92; v > 0.04045 {
			linear[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*linear[0] + 0.7152*linear[1] + 0.0722*linear[2]
}

func TestTextIsReadable(t *testing.T) {
	t.Parallel()
	const enough = 4.5
	pairs := map[string][]string{
		"ground":      {"text", "faint", "link", "good", "busy", "warn", "bad"},
		"sheet":       {"text", "faint", "link", "good", "busy", "warn", "bad"},
		"warn-ground": {"text", "faint", "link", "warn"},
		"bad-ground":  {"text", "faint", "bad"},
		"main":        {"on-main"},
		"bad":         {"ground"},
	}
	for scheme, colours := range palettes(t) {
		for ground, texts := range pairs {
			for _, text := range texts {
				a, b := luminance(colours[ground]), luminance(colours[text])
				if contrast := (max(a, b) + 0.05) / (min(a, b) + 0.05); contrast < enough {
					t.Errorf("%s: %s on %s has a contrast of %.2f, want %.1f", scheme, text, ground, contrast, enough)
				}
			}
		}
	}
}
