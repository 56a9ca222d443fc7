// The collection of the benchmark: the fields of our record, open to everybody.
migrate(
  (app) => {
    app.save(
      new Collection({
        type: "base",
        name: "notes",
        listRule: "",
        viewRule: "",
        createRule: "",
        updateRule: "",
        deleteRule: "",
        fields: [
          { name: "name", type: "text", max: 512 },
          { name: "date", type: "date" },
          { name: "content", type: "json" },
          { name: "tags", type: "json" },
          { name: "created", type: "autodate", onCreate: true },
          { name: "updated", type: "autodate", onCreate: true, onUpdate: true },
        ],
      }),
    );
  },
  (app) => app.delete(app.findCollectionByNameOrId("notes")),
);
