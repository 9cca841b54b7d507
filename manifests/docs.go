package manifests

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"reflect"
	"strings"
)

// docs are the doc comments of structs, by name, and of their fields, by
// STRUCT.FIELD.
type docs map[string]string

// read adds the comments in the Go files of a directory.
func (d docs) read(source fs.FS) error {
	names, err := fs.Glob(source, "*.go")
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := fs.ReadFile(source, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			if types, ok := decl.(*ast.GenDecl); ok && types.Tok == token.TYPE {
				d.add(types)
			}
		}
	}
	return nil
}

func (d docs) add(types *ast.GenDecl) {
	for _, spec := range types.Specs {
		t := spec.(*ast.TypeSpec)
		comment := t.Doc
		if comment == nil {
			comment = types.Doc
		}
		d[t.Name.Name] = comment.Text()
		if body, ok := t.Type.(*ast.StructType); ok {
			for _, f := range body.Fields.List {
				for _, name := range f.Names {
					d[t.Name.Name+"."+name.Name] = f.Doc.Text()
				}
			}
		}
	}
}

// ofType is the doc comment of a type.
func (d docs) ofType(t reflect.Type) string { return d[t.Name()] }

// ofField is the doc comment of a field of t, or of a struct embedded in it. It
// begins with the field's name, in the place of which the reader gets the key
// where that is another.
func (d docs) ofField(t reflect.Type, f reflect.StructField) string {
	for _, i := range f.Index[:len(f.Index)-1] {
		t = t.Field(i).Type
	}
	text := d[t.Name()+"."+f.Name]
	key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	if rest, ok := strings.CutPrefix(text, f.Name+" "); ok && !strings.EqualFold(key, f.Name) {
		return key + " " + rest
	}
	return text
}

// firstSentence is how a doc comment begins.
func firstSentence(comment string) string {
	text := strings.Join(strings.Fields(comment), " ")
	if i := strings.Index(text, ". "); i >= 0 {
		return text[:i+1]
	}
	return text
}
