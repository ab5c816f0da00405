"""What the pages about alerts and objectives show, worked out of the files that the monitor keeps."""
