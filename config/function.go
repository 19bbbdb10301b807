package config

import (
	"errors"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// functions are those of expressions. None reads anything or depends on time, and none makes much of little.
var functions = map[string]function.Function{
	"can":     tryfunc.CanFunc,
	"try":     tryfunc.TryFunc,
	"lower":   stdlib.LowerFunc,
	"upper":   stdlib.UpperFunc,
	"join":    stdlib.JoinFunc,
	"min":     stdlib.MinFunc,
	"max":     stdlib.MaxFunc,
	"format":  boundedFormat,
	"replace": boundedReplace,
}

// longestText bounds what functions make: the kernel takes 128 KiB for one argument, execve(2).
const longestText = 128 << 10

var wideVerb = regexp.MustCompile(`%[^a-zA-Z%]*\d{4}`)

var boundedFormat = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "format", Type: cty.String}},
	VarParam: &function.Parameter{
		Name: "args", Type: cty.DynamicPseudoType, AllowNull: true,
	},
	Type: function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if wideVerb.MatchString(args[0].AsString()) {
			return cty.UnknownVal(cty.String), function.NewArgErrorf(0, "a width has at most three digits")
		}
		return stdlib.Format(args[0], args[1:]...)
	},
})

var boundedReplace = function.New(&function.Spec{
	Params: []function.Parameter{
		{Name: "text", Type: cty.String}, {Name: "old", Type: cty.String}, {Name: "new", Type: cty.String},
	},
	Type: function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		text, old, replacement := args[0].AsString(), args[1].AsString(), args[2].AsString()
		if len(text)+(strings.Count(text, old))*len(replacement) > longestText {
			return cty.UnknownVal(cty.String), errors.New("the result is longer than 128 KiB")
		}
		return cty.StringVal(strings.ReplaceAll(text, old, replacement)), nil
	},
})
