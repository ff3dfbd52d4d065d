package terraform

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/aloft-dev/aloft"
)

// importFile is added to the configuration's folder while resources are imported.
const importFile = "aloft_import.tf"

// importAll imports resources as far as that is possible: what is not shows in
// the state.
func (e *Engine) importAll(ctx context.Context, c aloft.Configuration, resources []identified) error {
	err := e.importTogether(ctx, c, resources)
	for _, r := range resources {
		if err == nil || ctx.Err() != nil {
			break
		}
		if r.ID != "" {
			_ = e.importOne(ctx, c, r.CreatedResource)
		}
	}
	if ctx.Err() != nil {
		return e.failure(ctx, c, "recover", nil, ctx.Err())
	}
	return nil
}

// importTogether imports resources in one plan, provided that it touches nothing
// else.
func (e *Engine) importTogether(ctx context.Context, c aloft.Configuration, resources []identified) error {
	text, err := importBlocks(resources)
	if err != nil {
		return err
	}
	c.Log = nil
	blocks := filepath.Join(c.Dir, importFile)
	defer os.Remove(blocks)
	if err := os.WriteFile(blocks, text, 0o600); err != nil {
		return err
	}
	dir, err := planFolder(c)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "plan")
	args := []string{"plan", "-json", "-input=false", "-refresh=false", "-out=" + file}
	for _, r := range resources {
		args = append(args, "-target="+r.Address)
	}
	if _, err := e.streamOnce(ctx, c, "", args); err != nil {
		return err
	}
	var out bytes.Buffer
	if err := e.exec(ctx, c, &out, append(append([]string{"show", "-json"}, e.earlyVarFile(c)...), file)...); err != nil {
		return err
	}
	if err := importsOnly(out.Bytes(), resources); err != nil {
		return err
	}
	c.VarFile = "" // the plan has it
	_, err = e.streamOnce(ctx, c, "", []string{"apply", "-json", "-input=false", file})
	return err
}

// importsOnly checks that a plan touches no other resources, and makes or
// destroys nothing.
func importsOnly(data []byte, resources []identified) error {
	plan, err := parsePlan(data)
	if err != nil {
		return err
	}
	for _, change := range plan.Changes {
		imported := slices.ContainsFunc(resources, func(r identified) bool { return r.Address == change.Address })
		if !imported || change.Action != aloft.ActionImport && change.Action != aloft.ActionUpdate {
			return fmt.Errorf("the import would %s %s", change.Action, change.Address)
		}
	}
	return nil
}

// importBlocks writes an import block for each resource.
func importBlocks(resources []identified) ([]byte, error) {
	file := hclwrite.NewEmptyFile()
	for _, r := range resources {
		to, diagnostics := hclsyntax.ParseTraversalAbs([]byte(r.Address), "", hcl.InitialPos)
		if diagnostics.HasErrors() || r.ID == "" {
			return nil, fmt.Errorf("%s cannot be imported", r.Address)
		}
		body := file.Body().AppendNewBlock("import", nil).Body()
		body.SetAttributeTraversal("to", to)
		body.SetAttributeValue("id", cty.StringVal(r.ID))
	}
	return file.Bytes(), nil
}

func (e *Engine) importOne(ctx context.Context, c aloft.Configuration, r aloft.CreatedResource) error {
	var said bytes.Buffer
	c.Log = &said
	args := []string{"import", "-input=false", "-no-color"}
	if c.VarFile != "" {
		args = append(args, "-var-file="+absolute(c.VarFile))
	}
	if err := e.exec(ctx, c, io.Discard, append(args, r.Address, r.ID)...); err != nil {
		return fmt.Errorf("cannot import %s: %s: %w", r.Address, paragraph(said.String()), err)
	}
	return nil
}
