service:
  app:
    command: ["./app"]
