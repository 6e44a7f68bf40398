// Program cut takes tests out of another module's test package, with all that they use and nothing
// else, so that what is left out need not compile against our replacement of its server.
//
//	cut -from FOLDER -to FOLDER TEST...
//
// Declarations that the Go files already in the target folder make replace those of the same name,
// and `*server.Server` becomes `*serverProcess`.
package main

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
)

// A declaration at the top level of a file, as text.
type declaration struct {
	file  string
	names []string // that it declares; of a method, none
	uses  []string // every identifier in it
	from  []string // what it may use of an import: X of each X.Y where X is nothing of the file
	text  string
}

// A package's declarations, by name, and the import lines of each file by the name they bind.
type sources struct {
	byName  map[string]*declaration
	methods map[string][]*declaration // by the type's name
	imports map[string]map[string]string
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("cut: ")
	from := flag.String("from", "", "the folder with the tests")
	to := flag.String("to", "", "the folder with our replacements, which gets the tests")
	flag.Parse()
	taken := read(*to).byName
	theirs := read(*from)
	wanted := map[*declaration]bool{}
	for _, name := range flag.Args() {
		if theirs.byName[name] == nil {
			log.Fatalf("%s has no %s", *from, name)
		}
		theirs.reach(name, taken, wanted)
	}
	for file, text := range theirs.files(wanted) {
		name := strings.TrimSuffix(file, ".go") + "_cut_test.go"
		if err := os.WriteFile(filepath.Join(*to, name), []byte(text), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// read parses the Go files of a folder.
func read(folder string) *sources {
	paths, _ := filepath.Glob(filepath.Join(folder, "*.go"))
	if len(paths) == 0 {
		log.Fatalf("%q holds no Go files", folder)
	}
	all := &sources{map[string]*declaration{}, map[string][]*declaration{},
		map[string]map[string]string{}}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			log.Fatal(err)
		}
		files := token.NewFileSet()
		parsed, err := parser.ParseFile(files, path, text, 0)
		if err != nil {
			log.Fatal(err)
		}
		name := filepath.Base(path)
		all.imports[name] = map[string]string{}
		for _, line := range parsed.Imports {
			all.imports[name][boundName(line)] = string(text[line.Pos()-1 : line.End()-1])
		}
		for _, decl := range parsed.Decls {
			all.add(name, decl, string(text[decl.Pos()-1:decl.End()-1]))
		}
	}
	return all
}

// add remembers one declaration under each of its names.
func (s *sources) add(file string, decl ast.Decl, text string) {
	d := &declaration{file: file, text: text}
	ast.Inspect(decl, func(node ast.Node) bool {
		switch of := node.(type) {
		case *ast.Ident:
			d.uses = append(d.uses, of.Name)
		case *ast.SelectorExpr:
			if x, is := of.X.(*ast.Ident); is && x.Obj == nil {
				d.from = append(d.from, x.Name)
			}
		}
		return true
	})
	switch of := decl.(type) {
	case *ast.FuncDecl:
		if of.Recv != nil {
			receiver := of.Recv.List[0].Type
			if pointer, is := receiver.(*ast.StarExpr); is {
				receiver = pointer.X
			}
			if of, is := receiver.(*ast.Ident); is {
				s.methods[of.Name] = append(s.methods[of.Name], d)
			}
			return
		}
		d.names = []string{of.Name.Name}
	case *ast.GenDecl:
		for _, spec := range of.Specs {
			switch of := spec.(type) {
			case *ast.TypeSpec:
				d.names = append(d.names, of.Name.Name)
			case *ast.ValueSpec:
				for _, name := range of.Names {
					d.names = append(d.names, name.Name)
				}
			}
		}
	}
	for _, name := range d.names {
		s.byName[name] = d
	}
}

// boundName is what an import is called in its file: `jwt` of "github.com/nats-io/jwt/v2".
func boundName(line *ast.ImportSpec) string {
	if line.Name != nil {
		return line.Name.Name
	}
	parts := strings.Split(strings.Trim(line.Path.Value, `"`), "/")
	last := parts[len(parts)-1]
	if len(parts) > 1 && regexp.MustCompile(`^v\d+$`).MatchString(last) {
		last = parts[len(parts)-2]
	}
	return strings.TrimSuffix(last, ".go")
}

// reach adds what declares the name, and all that it uses in turn.
func (s *sources) reach(name string, taken map[string]*declaration, wanted map[*declaration]bool) {
	reached := append([]*declaration{}, s.methods[name]...)
	if taken[name] != nil {
		return
	}
	if d := s.byName[name]; d != nil {
		reached = append(reached, d)
	}
	for _, d := range reached {
		if wanted[d] {
			continue
		}
		wanted[d] = true
		for _, use := range append(d.uses, d.names...) {
			s.reach(use, taken, wanted)
		}
	}
}

// files puts the wanted declarations into files as they were, with the imports they need.
func (s *sources) files(wanted map[*declaration]bool) map[string]string {
	texts := map[string][]string{}
	uses := map[string]map[string]bool{}
	for d := range wanted {
		texts[d.file] = append(texts[d.file], d.text)
		if uses[d.file] == nil {
			uses[d.file] = map[string]bool{}
		}
		for _, use := range d.from {
			uses[d.file][use] = true
		}
	}
	files := map[string]string{}
	for file, parts := range texts {
		imports := []string{}
		for name, line := range s.imports[file] {
			if uses[file][name] {
				imports = append(imports, line)
			}
		}
		sort.Strings(imports)
		sort.Strings(parts)
		body := strings.Join(parts, "\n\n")
		body = regexp.MustCompile(`\*server\.Server\b`).ReplaceAllString(body, "*serverProcess")
		body, imports = dropUnused(body, imports)
		files[file] = fmt.Sprintf("package test\n\nimport (\n%s\n)\n\n%s\n",
			strings.Join(imports, "\n"), body)
	}
	return files
}

// dropUnused leaves out the import of the server if the replacement was its only use.
func dropUnused(body string, imports []string) (string, []string) {
	kept := []string{}
	for _, line := range imports {
		if strings.HasSuffix(line, `/server"`) && !strings.Contains(body, "server.") {
			continue
		}
		kept = append(kept, line)
	}
	return body, kept
}
