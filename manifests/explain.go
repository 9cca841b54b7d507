package manifests

import (
	"fmt"
	"go/doc/comment"
	"reflect"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources"
)

// Explain tells people what a manifest may say. The topic is a type, by its
// name or its section ("crontab", "crontabs"), or a field of one, however deep
// ("crontab.jobs.schedule"); without a topic it lists the types, and what else
// stands at the top of a manifest.
func Explain(topic string) (string, error) {
	r, err := newReference(resources.All, resources.Source)
	if err != nil {
		return "", err
	}
	return r.explain(topic)
}

// A chapter explains one topic.
type chapter struct {
	topic string       // "crontab.jobs"
	title string       // what follows the topic in the first line
	text  string       // a doc comment
	body  reflect.Type // the struct whose fields come next, if any
	meta  bool         // the fields of every resource come as well
}

func (r *reference) explain(topic string) (string, error) {
	if topic == "" {
		return r.contents(), nil
	}
	steps := strings.Split(topic, ".")
	at, err := r.typeChapter(steps[0])
	for _, step := range steps[1:] {
		if err == nil {
			at, err = r.fieldChapter(at, step)
		}
	}
	if err != nil {
		return "", err
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%s: %s\n\n%s", at.topic, at.title, flowed(at.text, ""))
	if at.body != nil {
		out.WriteString("\nFields:\n")
		r.list(&out, at.topic, at.body)
	}
	if at.meta {
		out.WriteString("\nFields of every resource:\n")
		r.list(&out, at.topic, metaType, at.body)
	}
	return out.String(), nil
}

// contents lists what stands at the top of a manifest, with the first sentence about
// each: the types, and then the rest.
func (r *reference) contents() string {
	var out strings.Builder
	for _, t := range r.types {
		fmt.Fprintf(&out, "%s\n%s", t.Section, flowed(firstSentence(r.docs.ofType(structOf(t))), "    "))
	}
	out.WriteString("\nBesides resources, a manifest has these keys:\n")
	for key, f := range manifestFields(headingType) {
		fmt.Fprintf(&out, "%s\n%s", key, flowed(firstSentence(r.docs.ofField(headingType, f)), "    "))
	}
	return out.String()
}

// typeChapter is about a type, or about something else at the top of a manifest.
func (r *reference) typeChapter(name string) (chapter, error) {
	var names []string
	for _, t := range r.types {
		if name == t.Name || name == t.Section {
			body := structOf(t)
			return chapter{t.Name, "a resource in the section " + t.Section, r.docs.ofType(body), body, true}, nil
		}
		names = append(names, t.Name, t.Section)
	}
	for key, f := range manifestFields(headingType) {
		if name == key {
			return chapter{topic: key, title: words(f.Type), text: r.docs.ofField(headingType, f), body: innerStruct(f.Type)}, nil
		}
		names = append(names, key)
	}
	return chapter{}, fmt.Errorf("there is nothing called %q in a manifest%s", name, suggest(name, names))
}

// fieldChapter is about a field of what another chapter is about.
func (r *reference) fieldChapter(above chapter, key string) (chapter, error) {
	var keys []string
	for _, t := range []reflect.Type{above.body, metaType} {
		if t == nil || t == metaType && !above.meta {
			continue
		}
		for name, f := range manifestFields(t) {
			if keys = append(keys, name); name == key {
				return chapter{
					topic: above.topic + "." + key, title: words(f.Type),
					text: r.docs.ofField(t, f), body: innerStruct(f.Type),
				}, nil
			}
		}
	}
	return chapter{}, fmt.Errorf("%s has no field %q%s", above.topic, key, suggest(key, keys))
}

// list writes the fields of a struct, each with what it takes and its comment, but for
// those that other structs have, too.
func (r *reference) list(out *strings.Builder, topic string, t reflect.Type, except ...reflect.Type) {
	for key, f := range manifestFields(t) {
		if hasField(key, except) {
			continue
		}
		takes := words(f.Type)
		if innerStruct(f.Type) != nil {
			takes += " (more: " + topic + "." + key + ")"
		}
		fmt.Fprintf(out, "  %s: %s\n%s", key, takes, flowed(r.docs.ofField(t, f), "      "))
	}
}

func hasField(key string, types []reflect.Type) bool {
	for _, t := range types {
		for other := range manifestFields(t) {
			if other == key {
				return true
			}
		}
	}
	return false
}

// flowed is a doc comment as text of 80 columns.
func flowed(text, indent string) string {
	var parser comment.Parser
	printer := comment.Printer{TextPrefix: indent, TextCodePrefix: indent + "    ", TextWidth: 80 - len(indent)}
	return string(printer.Text(parser.Parse(text)))
}

func suggest(name string, candidates []string) string {
	patience := enoughPatience
	return didYouMean(name, slices.Values(candidates), &patience)
}
