package main

import (
	"github.com/spf13/cobra"
)

func (a *app) completionVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish",
		Short: "Print a script that completes commands and names of services in a shell",
		Example: `  supervise completion bash > /etc/bash_completion.d/supervise
  supervise completion zsh > "${fpath[1]}/_supervise"
  supervise completion fish > ~/.config/fish/completions/supervise.fish`,
		Args:      oneShell,
		ValidArgs: []string{"bash", "zsh", "fish"},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch args[0] {
			case "bash":
				return cmd.Root().GenBashCompletionV2(a.out, true)
			case "zsh":
				return cmd.Root().GenZshCompletion(a.out)
			case "fish":
				return cmd.Root().GenFishCompletion(a.out, true)
			}
			return usage(cmd, "cannot complete in %q: bash, zsh and fish are known", args[0])
		},
	}
}

func oneShell(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage(cmd, "cannot print a script: name one shell, bash, zsh or fish")
	}
	return nil
}
